import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import { enrolByMail } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';

interface SessionBody {
  readonly id: string;
  readonly amr: string[];
  readonly secondFactorAt: string | null;
  readonly device?: string;
  readonly strong?: boolean;
  readonly expiresAt: string;
}

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const sessionOf = async (bearer: string) =>
  (await caller.get<{ session: SessionBody } | null>('/get-session', bearer)).body?.session;

/** Moves the sessions of an account into the past, as Postgres sees them. */
const passHours = (userId: string, hours: number) =>
  service.query(
    `UPDATE sessions SET created_at = created_at - t.h, updated_at = updated_at - t.h, expires_at = expires_at - t.h,
       absolute_expires_at = absolute_expires_at - t.h, second_factor_at = second_factor_at - t.h
     FROM (SELECT make_interval(hours => $2) AS h) t WHERE user_id = $1`,
    [userId, hours],
  );

/** Calls that require a strong session once two-factor is on. */
const SENSITIVE = ['enable', 'disable', 'get-totp-uri', 'get-totp-qr', 'generate-backup-codes'];

async function expectWeak(bearer: string): Promise<void> {
  for (const path of SENSITIVE) {
    const answer = await caller.post(`/two-factor/${path}`, { password: PASSWORD }, bearer);
    expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'SECOND_FACTOR_REQUIRED']);
  }
  const change = { currentPassword: PASSWORD, newPassword: 'an even better passphrase' };
  expect((await caller.post('/change-password', change, bearer)).status).toBe(403);
  for (const path of ['/revoke-other-sessions', '/revoke-sessions']) {
    expect((await caller.post(path, {}, bearer)).status).toBe(403);
  }
  expect((await caller.delete('/two-factor/trusted-devices', bearer)).status).toBe(403);
}

describe('a session', () => {
  it('shows a sign-in by password alone', async () => {
    const { token } = await signUp(service);
    expect(await sessionOf(token)).toMatchObject({ amr: ['pwd'], secondFactorAt: null });
  });

  it('shows a verification by authenticator app, and by backup code', async () => {
    const owner = await enrol(service);
    const byTotp = await caller.post(
      '/two-factor/verify-totp',
      { code: owner.app.nextCode() },
      await openChallenge(service, owner),
    );
    const byBackup = await caller.post(
      '/two-factor/verify-backup-code',
      { code: owner.backupCodes[0] },
      await openChallenge(service, owner),
    );
    for (const { body } of [byTotp, byBackup]) {
      const session = await sessionOf(body.token);
      expect(session?.amr).toEqual(['pwd', 'otp', 'mfa']);
      expect(Math.abs(Date.parse(session?.secondFactorAt ?? '') - Date.now())).toBeLessThan(60_000);
    }
    const kept = await service.query<{ factor: string }>(
      'SELECT second_factor AS factor FROM sessions WHERE user_id = $1 ORDER BY created_at',
      [owner.id],
    );
    expect(kept.map(({ factor }) => factor)).toEqual(['totp', 'totp', 'backup-code']);
  });

  it('shows a verification by text message', async () => {
    const owner = await enrol(service);
    const phoneNumber = '+4915123456789';
    await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp', phoneNumber }, owner.token);
    await caller.post('/two-factor/send-otp', {}, owner.token);
    const { text } = await service.messages.textTo(phoneNumber);
    const { body } = await caller.post('/two-factor/verify-otp', { code: /\d{6}/.exec(text)?.[0] }, owner.token);
    expect((await sessionOf(body.token))?.amr).toEqual(['pwd', 'sms', 'mfa']);
  });

  it('shows a verification by mail as a second password that is valid once', async () => {
    const { token } = await enrolByMail(service);
    expect((await sessionOf(token))?.amr).toEqual(['pwd', 'otp', 'mfa']);
  });

  it('shows its verification and device in the list, too', async () => {
    const owner = await enrol(service);
    const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0';
    const { device } = await trust(service, owner, { 'user-agent': userAgent });
    await signIn(service, owner.email, device);
    const { body } = await caller.get<SessionBody[]>('/list-sessions', owner.token);
    expect(body.map(({ device: name, strong, amr }) => [name, strong, amr])).toEqual([
      ['node', false, ['pwd']],
      ['Firefox on Linux', true, ['pwd', 'otp', 'mfa']],
      ['node', true, ['pwd', 'otp', 'mfa']],
    ]);
  });
});

describe('a weak session', () => {
  it('is opened through a trusted device, until a code lifts it under a new token', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { token } = (await signIn(service, owner.email, device)).body;
    expect(await sessionOf(token)).toMatchObject({ amr: ['pwd'], secondFactorAt: null });
    await expectWeak(token);
    expect((await caller.get('/two-factor/status', token)).status).toBe(200);
    const weak = await sessionOf(token);
    const lifted = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, token);
    expect(await sessionOf(token)).toBeUndefined();
    expect(await sessionOf(lifted.body.token)).toMatchObject({ id: weak?.id, amr: ['pwd', 'otp', 'mfa'] });
    const codes = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, lifted.body.token);
    expect(codes.status).toBe(200);
  });

  it('is what a session from before two-factor was on becomes: alive, but weak', async () => {
    const owner = await signUp(service);
    const beside = (await signIn(service, owner.email)).body.token;
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    await caller.post('/two-factor/verify-totp', { code: app.code() }, owner.token);
    expect(await sessionOf(beside)).toMatchObject({ amr: ['pwd'] });
    await expectWeak(beside);
  });

  it('is what a session becomes whose second factor is a day old', async () => {
    const owner = await enrol(service);
    await passHours(owner.id, 24);
    await expectWeak(owner.token);
    const lifted = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, owner.token);
    const shown = await caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, lifted.body.token);
    expect(shown.status).toBe(200);
  });
});
