import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, signUp, type Owner } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

const enable = (token: string, body: object = {}) =>
  caller.post('/two-factor/enable', { password: PASSWORD, ...body }, token);
const verifyTotp = (token: string, code: string) => caller.post('/two-factor/verify-totp', { code }, token);
const totpUri = (token: string) => caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, token);

/** Signs in again, by the password alone. */
async function signIn(owner: Owner) {
  return caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
}

describe('staging an authenticator', () => {
  it('turns two-factor on only after a right code', async () => {
    const owner = await signUp(service);
    const { body } = await enable(owner.token);
    expect((await signIn(owner)).body.token).toBeDefined();
    expect((await verifyTotp(owner.token, new AuthenticatorApp(body.totpURI, service).wrongCode())).body.code).toBe(
      'INVALID_CODE',
    );
    expect((await signIn(owner)).body.token).toBeDefined();
  });

  it('is visible to the session that staged it only', async () => {
    const owner = await signUp(service);
    const other = (await signIn(owner)).body.token;
    const { body } = await enable(owner.token);
    const app = new AuthenticatorApp(body.totpURI, service);
    expect(await verifyTotp(other, app.code())).toMatchObject({ status: 400, body: { code: 'TOTP_NOT_ENABLED' } });
    expect(await totpUri(other)).toMatchObject({ status: 400, body: { code: 'TOTP_NOT_ENABLED' } });
    expect((await totpUri(owner.token)).body.totpURI).toBe(body.totpURI);
    expect((await verifyTotp(owner.token, app.code())).status).toBe(200);
  });

  it('is independent of what another session stages', async () => {
    const owner = await signUp(service);
    const other = (await signIn(owner)).body.token;
    const app = new AuthenticatorApp((await enable(owner.token)).body.totpURI, service);
    expect((await enable(other)).status).toBe(200);
    expect((await verifyTotp(owner.token, app.code())).status).toBe(200);
  });

  it('expires after 15 minutes', async () => {
    const owner = await signUp(service);
    const { body } = await enable(owner.token);
    await service.query(
      `UPDATE two_factor_authenticator SET staged_until = staged_until - interval '15 minutes' WHERE account_id = $1`,
      [owner.id],
    );
    const answer = await verifyTotp(owner.token, new AuthenticatorApp(body.totpURI, service).code());
    expect(answer.body.code).toBe('TOTP_NOT_ENABLED');
  });

  it('replaces what the session staged before', async () => {
    const owner = await signUp(service);
    const first = new AuthenticatorApp((await enable(owner.token)).body.totpURI, service);
    const second = new AuthenticatorApp((await enable(owner.token)).body.totpURI, service);
    expect((await verifyTotp(owner.token, first.code())).body.code).toBe('INVALID_CODE');
    expect((await verifyTotp(owner.token, second.code())).status).toBe(200);
  });

  it('keeps the token of the session', async () => {
    const owner = await signUp(service);
    const answer = await enable(owner.token);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await caller.get('/get-session', owner.token)).body.user.id).toBe(owner.id);
  });

  it('requires the password', async () => {
    const owner = await signUp(service);
    expect(await enable(owner.token, { password: 'wrong' })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_PASSWORD' },
    });
  });

  it('accepts a custom issuer, and refuses one with a colon', async () => {
    const owner = await signUp(service);
    const { body } = await enable(owner.token, { issuer: 'Acme & Sons' });
    expect(body.totpURI).toContain('otpauth://totp/Acme%20%26%20Sons:');
    expect((await totpUri(owner.token)).body.totpURI).toBe(body.totpURI);
    const refused = await enable(owner.token, { issuer: 'Acme:Sons' });
    expect(refused).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_ERROR', errors: { issuer: [expect.anything()] } },
    });
  });

  it('treats null as an omitted field', async () => {
    const { token } = await signUp(service);
    const nothing = { issuer: null, method: null, channel: null, phoneNumber: null };
    const answer = await enable(token, nothing);
    expect(answer).toMatchObject({ status: 200, body: { method: 'totp' } });
    expect(new URL(answer.body.totpURI).searchParams.get('issuer')).toBe('Test');
  });

  it('returns OTP_NOT_CONFIGURED for the method otp when no message can be sent', async () => {
    const owner = await signUp(service);
    expect(await enable(owner.token, { method: 'otp' })).toMatchObject({
      status: 400,
      body: { code: 'OTP_NOT_CONFIGURED' },
    });
  });
});

describe('the first right code of an enrolment', () => {
  it('is spent', async () => {
    const owner = await signUp(service);
    const app = new AuthenticatorApp((await enable(owner.token)).body.totpURI, service);
    const code = app.code();
    expect((await verifyTotp(owner.token, code)).status).toBe(200);
    expect((await verifyTotp(await openChallenge(service, owner), code)).body.code).toBe('INVALID_CODE');
  });

  it('keeps other sessions alive and weak', async () => {
    const owner = await signUp(service);
    const other = (await signIn(owner)).body.token;
    const app = new AuthenticatorApp((await enable(owner.token)).body.totpURI, service);
    await verifyTotp(owner.token, app.code());
    expect((await caller.get('/get-session', other)).body.user.id).toBe(owner.id);
    expect(await totpUri(other)).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
    const lifted = await verifyTotp(other, app.nextCode());
    expect((await totpUri(lifted.body.token)).status).toBe(200);
  });

  it('activates the staged backup codes, which were not valid before', async () => {
    const owner = await signUp(service);
    const { body } = await enable(owner.token);
    const [code] = body.backupCodes;
    const early = await caller.post('/two-factor/verify-backup-code', { code }, owner.token);
    expect(early.body.code).toBe('BACKUP_CODES_NOT_ENABLED');
    await verifyTotp(owner.token, new AuthenticatorApp(body.totpURI, service).code());
    const late = await caller.post('/two-factor/verify-backup-code', { code }, await openChallenge(service, owner));
    expect(late.status).toBe(200);
  });
});

describe('replacing an authenticator', () => {
  it('revokes the old authenticator and codes, other sessions and open challenges', async () => {
    const owner = await enrol(service);
    const other = (await verifyTotp(await openChallenge(service, owner), owner.app.nextCode())).body.token;
    const challenge = await openChallenge(service, owner);
    const staged = await enable(owner.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    const confirmed = await verifyTotp(owner.token, app.nextCode());
    expect(confirmed.status).toBe(200);

    expect((await caller.get('/get-session', other)).body).toBeNull();
    expect((await verifyTotp(challenge, app.nextCode())).body.code).toBe('INVALID_TWO_FACTOR_COOKIE');
    const byOld = await verifyTotp(await openChallenge(service, owner), owner.app.nextCode());
    expect(byOld.body.code).toBe('INVALID_CODE');
    const byOldCode = await caller.post(
      '/two-factor/verify-backup-code',
      { code: owner.backupCodes[0] },
      await openChallenge(service, owner),
    );
    expect(byOldCode.body.code).toBe('INVALID_BACKUP_CODE');
    const byNewCode = await caller.post(
      '/two-factor/verify-backup-code',
      { code: staged.body.backupCodes[0] },
      await openChallenge(service, owner),
    );
    expect(byNewCode.status).toBe(200);
  });

  it('tries the confirmed secret before the staged one', async () => {
    const owner = await enrol(service);
    await enable(owner.token);
    const lifted = await verifyTotp(owner.token, owner.app.nextCode());
    expect(lifted.status).toBe(200);
    const [row] = await service.query<{ staged: number }>(
      'SELECT count(*)::integer AS staged FROM two_factor_authenticator WHERE account_id = $1 AND confirmed_at IS NULL',
      [owner.id],
    );
    expect(row?.staged).toBe(1);
  });

  it('requires a strong session', async () => {
    const owner = await enrol(service);
    await service.query(`UPDATE sessions SET second_factor_at = now() - interval '25 hours' WHERE user_id = $1`, [
      owner.id,
    ]);
    expect(await enable(owner.token)).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
  });

  it('keeps newly generated codes, because generating them discarded the staged ones', async () => {
    const owner = await enrol(service);
    const staged = await enable(owner.token);
    const fresh = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, owner.token);
    const confirmed = await verifyTotp(owner.token, new AuthenticatorApp(staged.body.totpURI, service).nextCode());
    expect(confirmed.status).toBe(200);
    for (const [codes, status] of [
      [staged.body.backupCodes, 401],
      [owner.backupCodes, 401],
      [fresh.body.backupCodes, 200],
    ] as const) {
      const answer = await caller.post(
        '/two-factor/verify-backup-code',
        { code: codes[0] },
        await openChallenge(service, owner),
      );
      expect(answer.status).toBe(status);
    }
  });
});

describe('disabling two-factor', () => {
  it('ends all other sessions and open challenges, renews its own token, and deletes every factor', async () => {
    const owner = await enrol(service);
    const other = (await verifyTotp(await openChallenge(service, owner), owner.app.nextCode())).body.token;
    const challenge = await openChallenge(service, owner);
    const off = await caller.post('/two-factor/disable', { password: PASSWORD }, owner.token);
    expect(off).toMatchObject({ status: 200, body: { status: true, user: { twoFactorEnabled: false } } });
    expect((await caller.get('/get-session', owner.token)).body).toBeNull();
    expect((await caller.get('/get-session', other)).body).toBeNull();
    expect((await caller.get('/get-session', off.body.token)).body.user.id).toBe(owner.id);
    expect((await verifyTotp(challenge, owner.app.nextCode())).body.code).toBe('INVALID_TWO_FACTOR_COOKIE');
    const left = await service.query(
      `SELECT account_id FROM two_factor_authenticator WHERE account_id = $1
       UNION ALL SELECT account_id FROM two_factor_backup_code WHERE account_id = $1`,
      [owner.id],
    );
    expect(left).toEqual([]);
  });

  it('returns 400 before it checks the password when two-factor is off', async () => {
    const owner = await signUp(service);
    const answer = await caller.post('/two-factor/disable', { password: 'wrong' }, owner.token);
    expect(answer).toMatchObject({ status: 400, body: { code: 'TWO_FACTOR_NOT_ENABLED' } });
  });

  it('checks first the strength of the session and then the password', async () => {
    const owner = await enrol(service);
    expect(await caller.post('/two-factor/disable', { password: 'wrong' }, owner.token)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_PASSWORD' },
    });
    await service.query('UPDATE sessions SET second_factor = NULL, second_factor_at = NULL WHERE user_id = $1', [
      owner.id,
    ]);
    expect(await caller.post('/two-factor/disable', { password: 'wrong' }, owner.token)).toMatchObject({
      status: 403,
      body: { code: 'SECOND_FACTOR_REQUIRED' },
    });
  });
});

describe('changing the password', () => {
  it('burns open challenges and staged factors, and ends other sessions', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const staged = new AuthenticatorApp((await enable(owner.token)).body.totpURI, service);
    const other = (await verifyTotp(await openChallenge(service, owner), owner.app.nextCode())).body.token;
    const changed = await caller.post(
      '/change-password',
      { currentPassword: PASSWORD, newPassword: 'another horse battery' },
      owner.token,
    );
    expect(changed.status).toBe(200);
    expect((await verifyTotp(challenge, owner.app.nextCode())).body.code).toBe('INVALID_TWO_FACTOR_COOKIE');
    owner.token = changed.body.token;
    expect((await verifyTotp(owner.token, staged.nextCode())).body.code).toBe('INVALID_CODE');
    expect((await caller.get('/get-session', other)).body).toBeNull();
  });
});
