import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TwoFactorService } from '../../src/two-factor/index.js';
import { AuthenticatorApp, Caller, enrol, PASSWORD } from '../support/client.js';
import { passDays, signIn, trust } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

/** Signs in where the trust has ended, and expects that none of it remains. */
const ends = async (owner: { email: string; id: string }, device: string, password = PASSWORD) => {
  const answer = await signIn(service, owner.email, device, password);
  const left = await service.query(
    `SELECT scope FROM two_factor_attempts WHERE account_id = $1 AND scope <> 'account'
     UNION ALL SELECT name FROM two_factor_trusted_device WHERE account_id = $1`,
    [owner.id],
  );
  expect(left).toEqual([]);
  return answer.body;
};

describe('control 22: trust in a device ends with its basis, and after 90 days at the latest', () => {
  it('ends 30 days after the last sign-in', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    await passDays(service, owner.id, 30);
    expect((await signIn(service, owner.email, device)).body.twoFactorRedirect).toBe(true);
  });

  it('ends 90 days after it began, however often the device signs in', async () => {
    const owner = await enrol(service);
    let { device } = await trust(service, owner);
    for (let n = 0; n < 3; n++) {
      await passDays(service, owner.id, 29);
      const { body } = await signIn(service, owner.email, device);
      expect(body.token).toBeDefined();
      device = body.trustedDeviceToken;
    }
    await passDays(service, owner.id, 3);
    expect((await signIn(service, owner.email, device)).body.twoFactorRedirect).toBe(true);
  });

  it('ends when the password changes', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const newPassword = 'an even better passphrase';
    await caller.post('/change-password', { currentPassword: PASSWORD, newPassword }, owner.token);
    expect((await ends(owner, device, newPassword)).twoFactorRedirect).toBe(true);
  });

  it('ends when two-factor is turned off, and does not return with it', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { body } = await caller.post('/two-factor/disable', { password: PASSWORD }, owner.token);
    expect((await ends(owner, device)).token).toBeDefined();
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, body.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    await caller.post('/two-factor/verify-totp', { code: app.code() }, body.token);
    expect((await ends(owner, device)).twoFactorRedirect).toBe(true);
  });

  it('ends when the authenticator is replaced', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    const confirmed = await caller.post(
      '/two-factor/verify-totp',
      { code: app.nextCode(), trustDevice: true },
      owner.token,
    );
    expect((await signIn(service, owner.email, device)).body.twoFactorRedirect).toBe(true);
    // The device that confirmed the new authenticator may become trusted in the same request.
    expect((await signIn(service, owner.email, confirmed.body.trustedDeviceToken)).body.token).toBeDefined();
  });

  it('ends when a number is replaced, but not when a method is added', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const confirm = async (phoneNumber: string, bearer: string) => {
      await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp', phoneNumber }, bearer);
      await caller.post('/two-factor/send-otp', {}, bearer);
      const { text } = await service.messages.textTo(phoneNumber);
      const answer = await caller.post('/two-factor/verify-otp', { code: /\d{6}/.exec(text)?.[0] }, bearer);
      expect(answer.status).toBe(200);
      return answer.body.token;
    };
    const strong = await confirm('+4915120000001', owner.token);
    const { body } = await signIn(service, owner.email, device);
    expect(body.token).toBeDefined();
    await confirm('+4915120000002', strong);
    expect((await ends(owner, body.trustedDeviceToken)).twoFactorRedirect).toBe(true);
  });

  it('ends with an operator’s reset, which also removes all sessions, factors and failures', async () => {
    const owner = await enrol(service);
    const { device, session } = await trust(service, owner);
    await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, owner.token);
    await service.app.get(TwoFactorService).reset(owner.id);
    for (const token of [owner.token, session]) expect((await caller.get('/get-session', token)).body).toBeNull();
    const { token, user } = await ends(owner, device);
    expect(token).toBeDefined();
    expect(user.twoFactorEnabled).toBe(false);
    expect(await service.query('SELECT FROM two_factor_attempts WHERE account_id = $1', [owner.id])).toEqual([]);
    await service.messages.mailTo(owner.email, /turned off/);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, token);
    const code = new AuthenticatorApp(staged.body.totpURI, service).code();
    expect((await caller.post('/two-factor/verify-totp', { code }, token)).status).toBe(200);
  });
});
