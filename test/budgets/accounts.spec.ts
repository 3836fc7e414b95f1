import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, enrol, PASSWORD, signUp } from '../support/client.js';
import { linkMailedTo } from '../support/links.js';
import type { TestService } from '../support/service.js';
import { type CountedService, startCountedService } from './counted-service.js';

const NEW_PASSWORD = 'an even better passphrase';

let counted: CountedService;
let service: TestService;
let courier: TestService;
let caller: Caller;
let cost: CountedService['cost'];
beforeAll(async () => {
  counted = await startCountedService();
  ({ service, courier, caller, cost } = counted);
});
afterAll(() => counted.close());

/** A session without a second factor must find two-factor off: it is looked at before the transaction and in it. */
const OWNERS = [
  ['without two-factor', 13, signUp],
  ['on a strong session', 11, enrol],
] as const;

describe('statements of a request for the account, BEGIN and COMMIT included', () => {
  it('request-password-reset: 1, one commit, also for an unknown address', async () => {
    const { email } = await signUp(service);
    for (const address of [email, `unknown-${email}`]) {
      const request = () => caller.post('/request-password-reset', { email: address });
      expect(await cost(request)).toEqual({ statements: 1, commits: 1 });
    }
  });

  it('the link that resets a password: 1; reset-password: 10 with its notice, one commit', async () => {
    const { email } = await enrol(service);
    await caller.post('/request-password-reset', { email });
    const { path, token } = await linkMailedTo(courier, email);
    expect(await cost(() => caller.get(path))).toEqual({ statements: 1, commits: 0 });
    const reset = () => caller.post('/reset-password', { token, newPassword: NEW_PASSWORD });
    expect(await cost(reset)).toEqual({ statements: 10, commits: 1 });
  });

  it('send-verification-email: 1, and one for the session; verify-email: 2; one commit each', async () => {
    const { email, token } = await signUp(service);
    const ask = (bearer?: string) => cost(() => caller.post('/send-verification-email', { email }, bearer));
    expect(await ask()).toEqual({ statements: 1, commits: 1 });
    expect(await ask(token)).toEqual({ statements: 2, commits: 1 });
    const { path } = await linkMailedTo(courier, email);
    expect(await cost(() => caller.get(path))).toEqual({ statements: 2, commits: 1 });
  });

  it.each([
    ['without two-factor', 8, 7, signUp],
    ['on a strong session', 6, 6, enrol],
  ] as const)('change-email %s: %i; its link: %i; one commit each', async (_, asked, used, make) => {
    const { email, token } = await make(service);
    const newEmail = `new-${email}`;
    const change = () => caller.post('/change-email', { newEmail }, token);
    expect(await cost(change)).toEqual({ statements: asked, commits: 1 });
    const { path } = await linkMailedTo(courier, newEmail);
    expect(await cost(() => caller.get(path))).toEqual({ statements: used, commits: 1 });
  });

  it('update-user: 2, one commit', async () => {
    const { token } = await signUp(service);
    const update = () => caller.post('/update-user', { name: 'Ada King' }, token);
    expect(await cost(update)).toEqual({ statements: 2, commits: 1 });
  });

  it('verify-password: 2', async () => {
    const { token } = await signUp(service);
    const verify = () => caller.post('/verify-password', { password: PASSWORD }, token);
    expect(await cost(verify)).toEqual({ statements: 2, commits: 0 });
  });

  it.each(OWNERS)('change-password %s: %i with its notice, one commit', async (_, statements, make) => {
    const { token } = await make(service);
    const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    const change = () => caller.post('/change-password', body, token);
    expect(await cost(change)).toEqual({ statements, commits: 1 });
  });

  it.each(OWNERS)('delete-user %s: %i, one commit', async (_, statements, make) => {
    const { token } = await make(service);
    const remove = () => caller.post('/delete-user', { password: PASSWORD }, token);
    expect(await cost(remove)).toEqual({ statements, commits: 1 });
  });
});
