import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PasswordHasher } from '../../../src/accounts/passwords/password-hasher.js';
import { Browser, Caller, enrol, openChallenge, type Owner, PASSWORD, signUp } from '../../support/client.js';
import { trust } from '../../support/devices.js';
import { dumpDatabase } from '../../support/leaks/database-dump.js';
import { delivered } from '../../support/notices.js';
import { startTestService, type TestService, TRUSTED_ORIGIN } from '../../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const remove = (token: string, password = PASSWORD, body: object = {}) =>
  caller.post('/delete-user', { password, ...body }, token);
const userOf = async ({ id }: Owner) => {
  const [user] = await service.query<Record<string, unknown>>(`SELECT * FROM users WHERE id = $1`, [id]);
  return user;
};

describe('update-user', () => {
  it('changes name and picture, and keeps the fields that are absent', async () => {
    const owner = await signUp(service);
    const update = (body: object) => caller.post('/update-user', body, owner.token);
    expect(await update({ name: 'Ada King' })).toMatchObject({ status: 200, body: { status: true } });
    expect(await userOf(owner)).toMatchObject({ name: 'Ada King', image: null });
    await update({ image: 'https://example.com/ada.png' });
    expect(await userOf(owner)).toMatchObject({ name: 'Ada King', image: 'https://example.com/ada.png' });
    await update({ image: null });
    expect(await userOf(owner)).toMatchObject({ name: 'Ada King', image: null });
    expect((await caller.get('/get-session', owner.token)).body.user).toMatchObject({ name: 'Ada King' });
  });

  it.each<readonly [string, object]>([
    ['NO_FIELDS_TO_UPDATE', {}],
    ['NO_FIELDS_TO_UPDATE', { role: 'admin', emailVerified: true }],
    ['EMAIL_CAN_NOT_BE_UPDATED', { name: 'Ada', email: 'other@example.com' }],
    ['VALIDATION_ERROR', { name: null }],
    ['VALIDATION_ERROR', { name: 'Ada\r\nBcc: all' }],
    ['VALIDATION_ERROR', { name: 'x'.repeat(201) }],
    ['VALIDATION_ERROR', { image: 'javascript:alert(1)' }],
  ])('returns 400 %s for %j, and changes nothing', async (code, body) => {
    const owner = await signUp(service);
    const before = await userOf(owner);
    const answer = await caller.post('/update-user', body, owner.token);
    expect([answer.status, answer.body.code]).toEqual([400, code]);
    expect(await userOf(owner)).toEqual(before);
  });

  it('requires a session', async () => {
    expect((await caller.post('/update-user', { name: 'Ada' })).status).toBe(401);
  });
});

describe('list-accounts', () => {
  it('lists the only way to sign in', async () => {
    const owner = await signUp(service);
    const { status, body } = await caller.get<unknown>('/list-accounts', owner.token);
    const date = expect.stringMatching(/^\d{4}-.*Z$/);
    expect([status, body]).toEqual([
      200,
      [
        {
          id: owner.id,
          providerId: 'credential',
          accountId: owner.id,
          userId: owner.id,
          createdAt: date,
          updatedAt: date,
          scopes: [],
        },
      ],
    ]);
    expect((await caller.get('/list-accounts')).status).toBe(401);
  });
});

describe('verify-password', () => {
  it('checks the password, and leaves the strength of the session unchanged', async () => {
    const owner = await enrol(service);
    await service.query(`UPDATE sessions SET second_factor_at = NULL WHERE user_id = $1`, [owner.id]);
    const verify = (password: string) => caller.post('/verify-password', { password }, owner.token);
    expect(await verify(PASSWORD)).toMatchObject({ status: 200, body: { status: true } });
    expect(await verify('wrong password')).toMatchObject({ status: 400, body: { code: 'INVALID_PASSWORD' } });
    const disable = await caller.post('/two-factor/disable', { password: PASSWORD }, owner.token);
    expect(disable.body.code).toBe('SECOND_FACTOR_REQUIRED');
    expect(service.events).toContainEqual(expect.objectContaining({ name: 'password.refused', accountId: owner.id }));
  });

  it('counts a wrong password like a wrong password at sign-in', async () => {
    const limited = await startTestService({ config: { rateLimit: true } });
    const owner = await signUp(limited);
    const at = new Caller(limited);
    const statuses: number[] = [];
    for (let n = 0; n < 11; n++) {
      statuses.push((await at.post('/verify-password', { password: 'wrong password' }, owner.token)).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 400), 429]);
    const signIn = await at.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(signIn.status).toBe(429);
    await limited.close();
  });
});

describe('delete-user', () => {
  it('deletes every row of the account', async () => {
    const owner = await enrol(service);
    await trust(service, owner);
    const challenge = await openChallenge(service, owner);
    await caller.post('/two-factor/send-otp', {}, challenge);
    await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, challenge);
    await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, owner.token);
    await caller.post('/request-password-reset', { email: owner.email });
    await caller.post('/send-verification-email', { email: owner.email }, owner.token);
    await caller.post('/change-email', { newEmail: `next-${owner.email}` }, owner.token);
    await delivered(service);
    expect(await remove(owner.token)).toMatchObject({
      status: 200,
      body: { success: true, message: 'User deleted' },
    });
    const dump = await dumpDatabase(service.databaseUrl);
    const left = dump.filter(({ text }) => text.includes(owner.id) || text.includes(owner.email));
    expect(left).toEqual([]);
    const codes = [
      (await caller.get('/list-sessions', owner.token)).body.code,
      (await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, challenge)).body.code,
      (await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD })).body.code,
    ];
    expect(codes).toEqual(['UNAUTHORIZED', 'INVALID_TWO_FACTOR_COOKIE', 'INVALID_EMAIL_OR_PASSWORD']);
    expect(service.events).toContainEqual(expect.objectContaining({ name: 'account.deleted', accountId: owner.id }));
    // The address can be used again.
    const again = await caller.post('/sign-up/email', { email: owner.email, password: PASSWORD, name: 'Ada' });
    expect(again.body.user).toMatchObject({ twoFactorEnabled: false });
  });

  it('deletes the session cookie of the browser', async () => {
    const owner = await signUp(service);
    const browser = new Browser(service);
    await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(browser.cookies.has('session_token')).toBe(true);
    expect((await browser.post('/delete-user', { password: PASSWORD })).status).toBe(200);
    expect([...browser.cookies]).toEqual([]);
  });

  it('requires the password, a strong session once two-factor is on, and a trusted callback', async () => {
    const owner = await enrol(service);
    expect((await remove(owner.token, 'wrong password')).body.code).toBe('INVALID_PASSWORD');
    expect((await caller.post('/delete-user', {}, owner.token)).body.code).toBe('VALIDATION_ERROR');
    const evil = await remove(owner.token, PASSWORD, { callbackURL: 'https://evil.example' });
    expect([evil.status, evil.body.code]).toEqual([403, 'INVALID_CALLBACK_URL']);
    await service.query(`UPDATE sessions SET second_factor_at = NULL WHERE user_id = $1`, [owner.id]);
    const weak = await remove(owner.token);
    expect([weak.status, weak.body.code]).toEqual([403, 'SECOND_FACTOR_REQUIRED']);
    expect((await caller.post('/delete-user', { password: PASSWORD })).status).toBe(401);
    expect(await userOf(owner)).toBeDefined();
    const factors = await service.query(`SELECT FROM two_factor_authenticator WHERE account_id = $1`, [owner.id]);
    expect(factors).toHaveLength(1);
  });

  it.each<readonly [string, (owner: Owner) => Promise<unknown>]>([
    ['the session ended', ({ id }) => service.query(`DELETE FROM sessions WHERE user_id = $1`, [id])],
    [
      'its token was replaced',
      ({ id }) => service.query(`UPDATE sessions SET token_hash = '' WHERE user_id = $1`, [id]),
    ],
    [
      'the password was changed',
      ({ id }) => service.query(`UPDATE users SET password_version = password_version + 1 WHERE id = $1`, [id]),
    ],
  ])('does nothing when %s while the password was checked', async (_, meanwhile) => {
    const owner = await enrol(service);
    const hasher = service.app.get(PasswordHasher, { strict: false });
    const verify = hasher.verify.bind(hasher);
    Reflect.set(hasher, 'verify', async (...values: Parameters<PasswordHasher['verify']>) => {
      const right = await verify(...values);
      await meanwhile(owner);
      return right;
    });
    const answer = await remove(owner.token);
    Reflect.deleteProperty(hasher, 'verify');
    await service.query(`DELETE FROM sessions WHERE user_id = $1`, [owner.id]);
    expect([answer.status, answer.body.code]).toEqual([401, 'UNAUTHORIZED']);
    expect(await userOf(owner)).toBeDefined();
    const factors = await service.query(`SELECT FROM two_factor_authenticator WHERE account_id = $1`, [owner.id]);
    expect(factors).toHaveLength(1);
  });
});

describe('callbackURL at sign-in and sign-up', () => {
  it('is returned by sign-in as an absolute URL when its origin is trusted', async () => {
    const owner = await signUp(service);
    const page = `${TRUSTED_ORIGIN}/home?tab=1`;
    for (const [callbackURL, url] of [
      [page, page],
      ['/docs', 'http://localhost:3001/docs'],
    ]) {
      const answer = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD, callbackURL });
      expect(answer).toMatchObject({ status: 200, body: { redirect: true, url } });
      expect(answer.headers.get('location')).toBe(url);
    }
    const plain = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(plain.body).toMatchObject({ redirect: false });
    expect(plain.body).not.toHaveProperty('url');
  });

  it('is ignored when sign-in responds with a challenge', async () => {
    const owner = await enrol(service);
    const answer = await caller.post('/sign-in/email', {
      email: owner.email,
      password: PASSWORD,
      callbackURL: '/docs',
    });
    expect(answer.body).toMatchObject({ twoFactorRedirect: true });
    expect(answer.body).not.toHaveProperty('url');
    expect(answer.headers.get('location')).toBeNull();
  });

  it('is refused before the password is checked when its origin is not trusted', async () => {
    const owner = await signUp(service);
    for (const callbackURL of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      const body = { email: owner.email, password: 'wrong password', name: 'Ada', callbackURL };
      for (const path of ['/sign-in/email', '/sign-up/email']) {
        const answer = await caller.post(path, body);
        expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'INVALID_CALLBACK_URL']);
      }
    }
  });
});
