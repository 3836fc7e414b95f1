import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, type Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import type { TestService } from '../support/service.js';
import { type CountedService, startCountedService } from './counted-service.js';

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

describe('a request to a two-factor route, with BEGIN and COMMIT counted,', () => {
  it('takes at most 4 statements with one commit for send-otp through a challenge', async () => {
    const token = await openChallenge(service, await enrol(service));
    const { statements, commits: flushes } = await cost(() => caller.post('/two-factor/send-otp', {}, token));
    expect(statements).toBeLessThanOrEqual(4);
    expect(flushes).toBe(1);
  });

  it('takes 4 statements with one commit for send-otp on a session', async () => {
    const { token } = await enrol(service);
    expect(await cost(() => caller.post('/two-factor/send-otp', {}, token))).toEqual({ statements: 4, commits: 1 });
  });

  it('takes 5 statements with two commits for verify-otp through a challenge', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    await caller.post('/two-factor/send-otp', {}, token);
    const code = await courier.messages.codeMailedTo(owner.email);
    expect(await cost(() => caller.post('/two-factor/verify-otp', { code }, token))).toEqual({
      statements: 5,
      commits: 2,
    });
  });

  it('takes 1 statement for get-session', async () => {
    const { token } = await signUp(service);
    expect(await cost(() => caller.get('/get-session', token))).toMatchObject({ statements: 1 });
  });

  it('takes at most 3 statements with one commit for a sign-in that ends in a challenge', async () => {
    const { email } = await enrol(service);
    const { statements, commits: flushes } = await cost(() =>
      caller.post('/sign-in/email', { email, password: PASSWORD }),
    );
    expect(statements).toBeLessThanOrEqual(3);
    expect(flushes).toBe(1);
  });

  it('takes 5 statements with two commits for verify-totp through a challenge', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    const code = owner.app.nextCode();
    expect(await cost(() => caller.post('/two-factor/verify-totp', { code }, token))).toEqual({
      statements: 5,
      commits: 2,
    });
  });

  it('takes 6 statements with two commits for verify-backup-code through a challenge and its notice', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    const [code] = owner.backupCodes;
    expect(await cost(() => caller.post('/two-factor/verify-backup-code', { code }, token))).toEqual({
      statements: 6,
      commits: 2,
    });
  });

  it('takes 6 statements with two commits for verify-totp that trusts the device and its notice', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    const code = owner.app.nextCode();
    expect(await cost(() => caller.post('/two-factor/verify-totp', { code, trustDevice: true }, token))).toEqual({
      statements: 6,
      commits: 2,
    });
  });

  it('takes 5 statements with one commit for a sign-in by a trusted device', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    expect(await cost(() => signIn(service, owner.email, device))).toEqual({ statements: 5, commits: 1 });
  });

  it('takes 6 statements with two commits for verify-totp on a session of a trusted device', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { token } = (await signIn(service, owner.email, device)).body;
    const code = owner.app.nextCode();
    expect(await cost(() => caller.post('/two-factor/verify-totp', { code }, token))).toEqual({
      statements: 6,
      commits: 2,
    });
  });

  it('takes at most 8 statements with two commits for the replacement of an authenticator', async () => {
    const { token } = await enrol(service);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, token);
    const code = new AuthenticatorApp(staged.body.totpURI, service).nextCode();
    const { statements, commits: flushes } = await cost(() => caller.post('/two-factor/verify-totp', { code }, token));
    expect(statements).toBeLessThanOrEqual(8);
    expect(flushes).toBe(2);
  });

  it('takes 2 statements for status, and 3 when it reads the address for mailed codes', async () => {
    const { token } = await signUp(service);
    expect(await cost(() => caller.get('/two-factor/status', token))).toEqual({ statements: 2, commits: 0 });
    const owner = await enrol(service);
    expect(await cost(() => caller.get('/two-factor/status', owner.token))).toEqual({ statements: 3, commits: 0 });
  });

  it('takes 2 statements for the list of trusted devices', async () => {
    const { token } = await enrol(service);
    expect(await cost(() => caller.get('/two-factor/trusted-devices', token))).toEqual({ statements: 2, commits: 0 });
  });

  it('takes at most 6 statements with at most two commits for verify-totp on a session', async () => {
    const owner = await enrol(service);
    const code = owner.app.nextCode();
    const { statements, commits: flushes } = await cost(() =>
      caller.post('/two-factor/verify-totp', { code }, owner.token),
    );
    expect(statements).toBeLessThanOrEqual(6);
    expect(flushes).toBeLessThanOrEqual(2);
  });

  it('takes at most 8 statements with at most two commits for the confirmation of an authenticator', async () => {
    const { token } = await signUp(service);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, token);
    const code = new AuthenticatorApp(staged.body.totpURI, service).code();
    const { statements, commits: flushes } = await cost(() => caller.post('/two-factor/verify-totp', { code }, token));
    expect(statements).toBeLessThanOrEqual(8);
    expect(flushes).toBeLessThanOrEqual(2);
  });

  it('takes at most 8 statements with at most two commits for enable, which locks the session until it commits', async () => {
    const { token } = await signUp(service);
    const { statements, commits: flushes } = await cost(() =>
      caller.post('/two-factor/enable', { password: PASSWORD }, token),
    );
    expect(statements).toBeLessThanOrEqual(8);
    expect(flushes).toBeLessThanOrEqual(2);
  });

  it('takes 4 statements for get-totp-uri', async () => {
    const { token } = await enrol(service);
    expect(await cost(() => caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, token))).toMatchObject({
      statements: 4,
    });
  });

  it('takes 4 statements for get-totp-qr', async () => {
    const { token } = await enrol(service);
    expect(await cost(() => caller.post('/two-factor/get-totp-qr', { password: PASSWORD }, token))).toMatchObject({
      statements: 4,
    });
  });

  it('takes at most 8 statements with at most two commits for disable', async () => {
    const { token } = await enrol(service);
    const { statements, commits: flushes } = await cost(() =>
      caller.post('/two-factor/disable', { password: PASSWORD }, token),
    );
    expect(statements).toBeLessThanOrEqual(8);
    expect(flushes).toBeLessThanOrEqual(2);
  });
});
