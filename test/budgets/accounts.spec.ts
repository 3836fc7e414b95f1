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

/**
 * A session without a second factor may act only while two-factor is off, which is checked before the transaction and
 * in it.
 */
const OWNERS = [
  ['without two-factor', 13, signUp],
  ['on a strong session', 11, enrol],
] as const;

describe('a request to an account route, with BEGIN and COMMIT counted,', () => {
  it('takes 1 statement with one commit for request-password-reset, also with an unknown address', async () => {
    const { email } = await signUp(service);
    for (const address of [email, `unknown-${email}`]) {
      const request = () => caller.post('/request-password-reset', { email: address });
      expect(await cost(request)).toEqual({ statements: 1, commits: 1 });
    }
  });

  it('takes 1 statement for the link that resets a password, and 10 with one commit for reset-password and its notice', async () => {
    const { email } = await enrol(service);
    await caller.post('/request-password-reset', { email });
    const { path, token } = await linkMailedTo(courier, email);
    expect(await cost(() => caller.get(path))).toEqual({ statements: 1, commits: 0 });
    const reset = () => caller.post('/reset-password', { token, newPassword: NEW_PASSWORD });
    expect(await cost(reset)).toEqual({ statements: 10, commits: 1 });
  });

  it('takes 1 statement for send-verification-email, one more on a session, and 2 for verify-email, with one commit each', async () => {
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
  ] as const)(
    'takes, for change-email %s, %i statements, and %i for its link, with one commit each',
    async (_, asked, used, make) => {
      const { email, token } = await make(service);
      const newEmail = `new-${email}`;
      const change = () => caller.post('/change-email', { newEmail }, token);
      expect(await cost(change)).toEqual({ statements: asked, commits: 1 });
      const { path } = await linkMailedTo(courier, newEmail);
      expect(await cost(() => caller.get(path))).toEqual({ statements: used, commits: 1 });
    },
  );

  it('takes 2 statements with one commit for update-user', async () => {
    const { token } = await signUp(service);
    const update = () => caller.post('/update-user', { name: 'Ada King' }, token);
    expect(await cost(update)).toEqual({ statements: 2, commits: 1 });
  });

  it('takes 2 statements for verify-password', async () => {
    const { token } = await signUp(service);
    const verify = () => caller.post('/verify-password', { password: PASSWORD }, token);
    expect(await cost(verify)).toEqual({ statements: 2, commits: 0 });
  });

  it.each(OWNERS)(
    'takes, for change-password %s and its notice, %i statements with one commit',
    async (_, statements, make) => {
      const { token } = await make(service);
      const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
      const change = () => caller.post('/change-password', body, token);
      expect(await cost(change)).toEqual({ statements, commits: 1 });
    },
  );

  it.each(OWNERS)(
    'takes, for delete-user %s, one more than %i statements with one commit',
    async (_, statements, make) => {
      const { token } = await make(service);
      const remove = () => caller.post('/delete-user', { password: PASSWORD }, token);
      // One more, which forgets the user handle of passkeys: it outlives them, but not the account.
      expect(await cost(remove)).toEqual({ statements: statements + 1, commits: 1 });
    },
  );
});
