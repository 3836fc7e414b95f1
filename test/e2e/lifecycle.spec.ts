import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

describe('an account', () => {
  it('stages a factor, confirms it, receives a challenge and verifies it', async () => {
    const owner = await signUp(service);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    expect(staged).toMatchObject({ status: 200, body: { method: 'totp' } });
    expect(staged.body.backupCodes).toHaveLength(10);

    const before = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(before.body.token).toBeDefined();

    const app = new AuthenticatorApp(staged.body.totpURI, service);
    const confirmed = await caller.post('/two-factor/verify-totp', { code: app.code() }, owner.token);
    expect(confirmed).toMatchObject({ status: 200, body: { status: true, user: { twoFactorEnabled: true } } });
    expect(confirmed.body.token).not.toBe(owner.token);

    const challenge = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(challenge.body).toEqual({
      twoFactorRedirect: true,
      twoFactorMethods: ['totp'],
      twoFactorToken: expect.stringMatching(/^tfc_/),
    });
    const verified = await caller.post(
      '/two-factor/verify-totp',
      { code: app.nextCode() },
      challenge.body.twoFactorToken,
    );
    expect(verified).toMatchObject({ status: 200, body: { status: true, user: { id: owner.id } } });
    const session = await caller.get('/get-session', verified.body.token);
    expect(session.body.user.id).toBe(owner.id);
  });

  it('signs in by a backup code, which is accepted once', async () => {
    const owner = await enrol(service);
    const [code] = owner.backupCodes;
    const answer = await caller.post('/two-factor/verify-backup-code', { code }, await openChallenge(service, owner));
    expect(answer).toMatchObject({ status: 200, body: { status: true, session: { userId: owner.id } } });
    const again = await caller.post('/two-factor/verify-backup-code', { code }, await openChallenge(service, owner));
    expect(again).toMatchObject({ status: 401, body: { code: 'INVALID_BACKUP_CODE' } });
  });

  it('disables two-factor', async () => {
    const owner = await enrol(service);
    const off = await caller.post('/two-factor/disable', { password: PASSWORD }, owner.token);
    expect(off).toMatchObject({ status: 200, body: { status: true, user: { twoFactorEnabled: false } } });
    const signIn = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(signIn.body.token).toBeDefined();
  });
});
