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

describe('statements of a request, BEGIN and COMMIT included', () => {
  it('send-otp through a challenge: at most 4, one commit', async () => {
    const token = await openChallenge(service, await enrol(service));
    const { statements, commits: flushes } = await cost(() => caller.post('/two-factor/send-otp', {}, token));
    expect(statements).toBeLessThanOrEqual(4);
    expect(flushes).toBe(1);
  });

  it('send-otp on a session: 4, one commit', async () => {
    const { token } = await enrol(service);
    expect(await cost(() => caller.post('/two-factor/send-otp', {}, token))).toEqual({ statements: 4, commits: 1 });
  });

  it('verify-otp through a challenge: 5, two commits', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    await caller.post('/two-factor/send-otp', {}, token);
    const code = await courier.messages.codeMailedTo(owner.email);
    expect(await cost(() => caller.post('/two-factor/verify-otp', { code }, token))).toEqual({
      statements: 5,
      commits: 2,
    });
  });

  it('get-session: 1', async () => {
    const { token } = await signUp(service);
    expect(await cost(() => caller.get('/get-session', token))).toMatchObject({ statements: 1 });
  });

  it('sign-in that ends in a challenge: at most 3, one commit', async () => {
    const { email } = await enrol(service);
    const { statements, commits: flushes } = await cost(() =>
      caller.post('/sign-in/email', { email, password: PASSWORD }),
    );
    expect(statements).toBeLessThanOrEqual(3);
    expect(flushes).toBe(1);
  });

  it('verify-totp through a challenge: 5, two commits', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    const code = owner.app.nextCode();
    expect(await cost(() => caller.post('/two-factor/verify-totp', { code }, token))).toEqual({
      statements: 5,
      commits: 2,
    });
  });

  it('verify-backup-code through a challenge: 6 with its notice, two commits', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    const [code] = owner.backupCodes;
    expect(await cost(() => caller.post('/two-factor/verify-backup-code', { code }, token))).toEqual({
      statements: 6,
      commits: 2,
    });
  });

  it('verify-totp that trusts the device: 6 with its notice, two commits', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    const code = owner.app.nextCode();
    expect(await cost(() => caller.post('/two-factor/verify-totp', { code, trustDevice: true }, token))).toEqual({
      statements: 6,
      commits: 2,
    });
  });

  it('sign-in by a trusted device: 5, one commit', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    expect(await cost(() => signIn(service, owner.email, device))).toEqual({ statements: 5, commits: 1 });
  });

  it('verify-totp on a session through a trusted device: 6, two commits', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { token } = (await signIn(service, owner.email, device)).body;
    const code = owner.app.nextCode();
    expect(await cost(() => caller.post('/two-factor/verify-totp', { code }, token))).toEqual({
      statements: 6,
      commits: 2,
    });
  });

  it('replacing an authenticator: at most 8, two commits', async () => {
    const { token } = await enrol(service);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, token);
    const code = new AuthenticatorApp(staged.body.totpURI, service).nextCode();
    const { statements, commits: flushes } = await cost(() => caller.post('/two-factor/verify-totp', { code }, token));
    expect(statements).toBeLessThanOrEqual(8);
    expect(flushes).toBe(2);
  });

  it('status: 2, and one for the address that codes can be mailed to', async () => {
    const { token } = await signUp(service);
    expect(await cost(() => caller.get('/two-factor/status', token))).toEqual({ statements: 2, commits: 0 });
    const owner = await enrol(service);
    expect(await cost(() => caller.get('/two-factor/status', owner.token))).toEqual({ statements: 3, commits: 0 });
  });

  it('the list of trusted devices: 2', async () => {
    const { token } = await enrol(service);
    expect(await cost(() => caller.get('/two-factor/trusted-devices', token))).toEqual({ statements: 2, commits: 0 });
  });

  it('verify-totp on a session: at most 6, two commits', async () => {
    const owner = await enrol(service);
    const code = owner.app.nextCode();
    const { statements, commits: flushes } = await cost(() =>
      caller.post('/two-factor/verify-totp', { code }, owner.token),
    );
    expect(statements).toBeLessThanOrEqual(6);
    expect(flushes).toBeLessThanOrEqual(2);
  });

  it('confirming: at most 8', async () => {
    const { token } = await signUp(service);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, token);
    const code = new AuthenticatorApp(staged.body.totpURI, service).code();
    const { statements, commits: flushes } = await cost(() => caller.post('/two-factor/verify-totp', { code }, token));
    expect(statements).toBeLessThanOrEqual(8);
    expect(flushes).toBeLessThanOrEqual(2);
  });

  it('enable: at most 8, the session being held to the end', async () => {
    const { token } = await signUp(service);
    const { statements, commits: flushes } = await cost(() =>
      caller.post('/two-factor/enable', { password: PASSWORD }, token),
    );
    expect(statements).toBeLessThanOrEqual(8);
    expect(flushes).toBeLessThanOrEqual(2);
  });

  it('get-totp-uri: 4', async () => {
    const { token } = await enrol(service);
    expect(await cost(() => caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, token))).toMatchObject({
      statements: 4,
    });
  });

  it('get-totp-qr: 4', async () => {
    const { token } = await enrol(service);
    expect(await cost(() => caller.post('/two-factor/get-totp-qr', { password: PASSWORD }, token))).toMatchObject({
      statements: 4,
    });
  });

  it('disable: at most 8', async () => {
    const { token } = await enrol(service);
    const { statements, commits: flushes } = await cost(() =>
      caller.post('/two-factor/disable', { password: PASSWORD }, token),
    );
    expect(statements).toBeLessThanOrEqual(8);
    expect(flushes).toBeLessThanOrEqual(2);
  });
});
