import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enrol, PASSWORD, signUp as newUser } from '../../support/client.js';
import { startTestService, type TestService, TRUSTED_ORIGIN } from '../../support/service.js';
import { type RawAnswer, send, type SessionBody, sessionCookie, statementsOf } from './support.js';

const TOKEN = /^tfs_[\w-]{43}$/;
const USER = {
  id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  emailVerified: false,
  name: 'Ada',
  image: null,
  twoFactorEnabled: false,
  createdAt: expect.stringMatching(/Z$/),
  updatedAt: expect.stringMatching(/Z$/),
};

/** @returns the token in the cookie of a response to a browser, whose body does not contain it */
function tokenOf({ headers }: RawAnswer): string {
  return headers.get('set-auth-token') ?? '';
}

describe('sign-up and sign-in', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.close());

  const signUp = (body: object) =>
    send(service, '/sign-up/email', { body: { name: 'Ada', email: 'ada@example.com', password: PASSWORD, ...body } });
  const signIn = (email: string, body: object = {}) =>
    send(service, '/sign-in/email', { body: { email, password: PASSWORD, ...body } });

  it('open an account and a session', async () => {
    const answer = await signUp({ email: 'First@Example.COM', image: 'https://example.com/a.png' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      token: expect.stringMatching(TOKEN),
      user: { ...USER, email: 'first@example.com', image: 'https://example.com/a.png' },
    });
    expect(answer.headers.get('set-auth-token')).toBe(answer.body.token);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const [cookie] = answer.cookies;
    expect(cookie).toMatch(/^session_token=tfs_/);
    expect(cookie).toMatch(/; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/);

    const again = await signIn('FIRST@example.com');
    expect(again.status).toBe(200);
    expect(again.body).toEqual({ redirect: false, token: expect.stringMatching(TOKEN), user: answer.body.user });
    expect(again.body.token).not.toBe(answer.body.token);
    expect(again.headers.get('set-auth-token')).toBe(again.body.token);
  });

  it('store neither the token nor the password', async () => {
    const { email, token } = await newUser(service);
    const rows = await service.query<{ password_hash: string }>(
      `SELECT u.*, s.* FROM users u JOIN sessions s ON s.user_id = u.id WHERE email = $1`,
      [email],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.password_hash).toMatch(/^\$2b\$/);
    expect(JSON.stringify(rows)).not.toContain(token.slice(4));
    expect(JSON.stringify(rows)).not.toContain(PASSWORD);
  });

  it('refuse a taken address, and let one of two parallel sign-ups succeed', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => signUp({ email: 'race@example.com' })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 422, 422, 422, 422, 422]);
    const late = await signUp({ email: 'RACE@example.com' });
    expect(late.body).toMatchObject({ code: 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL' });
    expect(late.cookies).toEqual([]);
    const rows = await service.query(
      `SELECT count(*)::int AS users, count(s.id)::int AS sessions
       FROM users u JOIN sessions s ON s.user_id = u.id WHERE email = 'race@example.com'`,
    );
    expect(rows).toEqual([{ users: 1, sessions: 1 }]);
  });

  it.each([
    ['VALIDATION_ERROR', { email: 'nobody' }],
    ['VALIDATION_ERROR', { email: 'a@example.com\nBcc: b@example.com' }],
    ['VALIDATION_ERROR', { email: ['a@example.com'] }],
    ['VALIDATION_ERROR', { name: 7 }],
    ['VALIDATION_ERROR', { name: 'a\u0000b' }],
    ['VALIDATION_ERROR', { name: 'x'.repeat(201) }],
    ['VALIDATION_ERROR', { image: 'javascript:alert(1)' }],
    ['VALIDATION_ERROR', { rememberMe: 'yes' }],
    ['VALIDATION_ERROR', { password: 12_345_678 }],
    ['VALIDATION_ERROR', { password: undefined }],
    ['VALIDATION_ERROR', { password: 'password\ud800' }],
    ['PASSWORD_TOO_SHORT', { password: '1234567' }],
    ['PASSWORD_TOO_LONG', { password: 'x'.repeat(129) }],
  ])('return 400 %s for %j', async (code, body) => {
    const before = await service.query(`SELECT count(*) FROM users`);
    const answer = await signUp({ email: 'bad@example.com', ...body });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code, message: expect.any(String) });
    if (code === 'VALIDATION_ERROR') expect(Object.keys(answer.body.errors ?? {})).toEqual(Object.keys(body));
    expect(await service.query(`SELECT count(*) FROM users`)).toEqual(before);
  });

  it.each(['[]', '"text"', 'null', '7', '{', ''])('return 400 for the body %j', async (body) => {
    for (const path of ['/sign-up/email', '/sign-in/email']) {
      const answer = await send(service, path, { body, method: 'POST' });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ code: expect.any(String), message: expect.any(String) });
    }
  });

  it('accept an empty name and passwords of any characters', async () => {
    const password = 'before\u0000after \u{1f511}';
    const email = 'opaque@example.com';
    expect((await signUp({ email, name: '', password })).status).toBe(200);
    expect((await signIn(email, { password })).status).toBe(200);
    expect((await signIn(email, { password: 'before\u0000' })).status).toBe(401);
  });

  it('report an invalid address', async () => {
    const answer = await signIn('not an address');
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('INVALID_EMAIL');
  });

  it('set a cookie that ends with the browser session when rememberMe is false', async () => {
    const { email } = await newUser(service);
    const answer = await signIn(email, { rememberMe: false });
    expect(answer.cookies[0]).not.toMatch(/max-age|expires/i);
    const { body } = await send<{ session: SessionBody }>(service, '/get-session', { bearer: answer.body.token });
    const life = Date.parse(body.session.expiresAt) - Date.parse(body.session.createdAt);
    expect(life).toBe(86_400_000);
  });

  it('never adopt a token of the request, and end the session that they replace', async () => {
    const { email, token } = await newUser(service);
    const planted = `session_token=tfs_${'x'.repeat(43)}`;
    const first = await send(service, '/sign-in/email', {
      body: { email, password: PASSWORD },
      headers: { cookie: planted, origin: TRUSTED_ORIGIN },
    });
    expect(first.status).toBe(200);
    expect(planted).not.toContain(tokenOf(first));
    const second = await send(service, '/sign-in/email', {
      body: { email, password: PASSWORD },
      headers: { cookie: `session_token=${tokenOf(first)}`, origin: TRUSTED_ORIGIN },
    });
    expect((await send(service, '/get-session', { bearer: tokenOf(first) })).body).toBeNull();
    expect((await send(service, '/get-session', { bearer: tokenOf(second) })).body).not.toBeNull();
    expect((await send(service, '/get-session', { bearer: token })).body).not.toBeNull();
  });

  it('accept a request with cookies from a trusted origin only', async () => {
    const { email } = await newUser(service);
    for (const path of ['/sign-in/email', '/sign-up/email']) {
      for (const origin of [undefined, 'null', 'https://evil.example']) {
        const answer = await send(service, path, {
          body: { name: 'Ada', email: path.includes('up') ? 'csrf@example.com' : email, password: PASSWORD },
          headers: { cookie: 'any=thing', ...(origin && { origin }) },
        });
        expect(answer.status).toBe(403);
        expect(answer.body.code).toBe('INVALID_ORIGIN');
        expect(answer.cookies).toEqual([]);
      }
    }
  });

  it('ignore a bearer token, live or dead', async () => {
    const { email } = await newUser(service);
    const other = await newUser(service);
    for (const token of [other.token, 'nonsense']) {
      const answer = await send(service, '/sign-in/email', { bearer: token, body: { email, password: PASSWORD } });
      expect(answer.body.user.email).toBe(email);
    }
    expect((await send(service, '/get-session', { bearer: other.token })).body).not.toBeNull();
  });

  it('respond with a challenge in three statements at most, and open no session', async () => {
    const { email, app } = await enrol(service);
    const sessions = async () => service.query(`SELECT id FROM sessions ORDER BY id`);
    const before = await sessions();
    let answer = await signIn(email);
    const statements = await statementsOf(async () => {
      answer = await signIn(email, { rememberMe: false });
    });
    expect(statements.length).toBeLessThanOrEqual(3);
    expect(answer.body).toEqual({
      twoFactorRedirect: true,
      twoFactorMethods: ['totp'],
      twoFactorToken: expect.any(String),
    });
    expect(sessionCookie(answer)).toMatch(/^session_token=; Max-Age=0;/);
    expect(answer.cookies.some((line) => /^[^=]*two_factor[^=]*=[^;]/.test(line))).toBe(true);
    expect(answer.headers.get('set-auth-token')).toBeNull();
    expect(await sessions()).toEqual(before);

    const verified = await send(service, '/two-factor/verify-totp', {
      bearer: answer.body.twoFactorToken,
      body: { code: app.nextCode() },
    });
    expect(verified.status).toBe(200);
    expect(verified.body).toMatchObject({
      token: expect.stringMatching(TOKEN),
      user: { email, twoFactorEnabled: true },
    });
    // The choice of rememberMe is stored with the challenge.
    expect(sessionCookie(verified)).not.toMatch(/max-age|expires/i);
  });
});
