import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseSetCookie } from 'cookie';
import { Browser, Caller, enrol, openChallenge, PASSWORD, signUp, type Owner } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

const FOREIGN = { origin: 'https://evil.example' };

async function signInBrowser(owner: Owner): Promise<Browser> {
  const browser = new Browser(service);
  await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
  return browser;
}

async function told(answer: Promise<{ status: number; headers: Headers }>): Promise<[number, string | null]> {
  const { status, headers } = await answer;
  return [status, headers.get('www-authenticate')];
}

describe('a bearer token', () => {
  it('needs no Origin header and accepts that of any page', async () => {
    const { token } = await signUp(service);
    expect((await caller.post('/two-factor/enable', { password: PASSWORD }, token, FOREIGN)).status).toBe(200);
  });

  it('is ignored when it is dead and the cookie is live, and the Origin is then checked', async () => {
    const browser = await signInBrowser(await signUp(service));
    expect((await browser.post('/two-factor/enable', { password: PASSWORD }, 'nonsense')).status).toBe(200);
    const foreign = await browser.post('/two-factor/enable', { password: PASSWORD }, 'nonsense', FOREIGN);
    expect(foreign).toMatchObject({ status: 403, body: { code: 'INVALID_ORIGIN' } });
  });

  it('is reported as invalid in the header of a successful response when it is dead', async () => {
    const owner = await signUp(service);
    const browser = await signInBrowser(owner);
    const invalid = [200, 'Bearer realm="two-factor", error="invalid_token"'];
    expect(await told(browser.get('/list-sessions', 'nonsense'))).toEqual(invalid);
    expect(await told(browser.get('/get-session', 'nonsense'))).toEqual(invalid);
    expect(await told(caller.get('/get-session', 'nonsense'))).toEqual(invalid);
    expect(await told(browser.post('/sign-out', {}, 'nonsense'))).toEqual(invalid);
    const live = [caller.get('/list-sessions', owner.token), browser.get('/get-session'), caller.get('/get-session')];
    for (const answer of live) expect(await told(answer)).toEqual([200, null]);
  });

  it('takes precedence over the cookie of the same account', async () => {
    const owner = await signUp(service);
    const browser = await signInBrowser(owner);
    expect((await browser.post('/two-factor/enable', { password: PASSWORD }, owner.token)).status).toBe(200);
    expect((await caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, owner.token)).status).toBe(200);
  });
});

describe('a challenge token', () => {
  it('returns 401 when it is dead, even with a body that cannot be parsed', async () => {
    const dead = `tfc_${'A'.repeat(43)}`;
    for (const body of [{ code: '123456' }, {}, []]) {
      const answer = await caller.post('/two-factor/verify-totp', body, dead);
      expect(answer).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } });
    }
    expect((await caller.post('/two-factor/send-otp', {}, dead)).status).toBe(401);
  });

  it('is not valid as a session token, nor is its digest valid as any token', async () => {
    const owner = await enrol(service);
    await openChallenge(service, owner);
    const [row] = await service.query<{ hash: string }>(
      `SELECT encode(token_hash, 'base64') AS hash FROM two_factor_challenge WHERE account_id = $1`,
      [owner.id],
    );
    const digest = (row?.hash ?? '').replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
    for (const token of [digest, `tfc_${digest}`, `tfs_${digest}`]) {
      const answer = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, token);
      expect(answer.status).toBe(401);
    }
  });
});

describe('a cookie', () => {
  it('is deleted as a challenge cookie only when the request had one', async () => {
    const owner = await enrol(service);
    const code = owner.app.nextCode();
    const { headers } = await caller.post('/two-factor/verify-totp', { code }, await openChallenge(service, owner));
    expect(headers.getSetCookie().filter((line) => line.startsWith('two_factor'))).toEqual([]);
  });

  it('is HttpOnly, SameSite=Lax, Path=/ and without Domain; a challenge deletes the session cookie', async () => {
    const owner = await enrol(service);
    const browser = new Browser(service);
    const answer = await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const cookies = answer.headers.getSetCookie().map((line) => parseSetCookie(line));
    const challenge = cookies.find(({ name }) => name.includes('two_factor'));
    const session = cookies.find(({ name }) => name.includes('session_token'));
    expect(challenge).toMatchObject({ httpOnly: true, sameSite: 'lax', path: '/', maxAge: 600 });
    expect(challenge).not.toHaveProperty('domain');
    expect(session).toMatchObject({ value: '', maxAge: 0 });
    expect(answer.headers.get('set-auth-token')).toBeNull();
  });

  it('carries a sign-in through the challenge to a session', async () => {
    const owner = await enrol(service);
    const browser = await signInBrowser(owner);
    expect([...browser.cookies.keys()]).toEqual(['two_factor']);
    const verified = await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() });
    expect(verified.status).toBe(200);
    expect([...browser.cookies.keys()]).toEqual(['session_token']);
    expect(verified.headers.get('set-auth-token')).toBe(browser.cookies.get('session_token'));
    const { body } = await browser.get('/get-session');
    expect(body.user.id).toBe(owner.id);
    expect(verified.body.token).toBe(body.session?.['id']);
  });

  it('wins over a session cookie when it holds a challenge, and success ends the replaced session', async () => {
    const owner = await enrol(service);
    const browser = new Browser(service);
    await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const session = (await signInBrowser(await signUp(service))).cookies.get('session_token') ?? '';
    expect((await caller.get('/get-session', session)).body).not.toBeNull();
    browser.cookies.set('session_token', session);
    const verified = await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() });
    expect(verified).toMatchObject({ status: 200, body: { user: { id: owner.id } } });
    expect((await caller.get('/get-session', session)).body).toBeNull();
  });

  it('does not block a live session when it holds a dead challenge', async () => {
    const owner = await enrol(service);
    const browser = await signInBrowser(owner);
    await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() });
    browser.cookies.set('two_factor', `tfc_${'A'.repeat(43)}`);
    expect((await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() })).status).toBe(200);
  });
});

describe('the order of checks', () => {
  it('is Origin, credential, body, enrolment, strength, password', async () => {
    const owner = await enrol(service);
    const browser = await signInBrowser(owner);
    await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() });
    const weaken = () =>
      service.query('UPDATE sessions SET second_factor = NULL, second_factor_at = NULL WHERE user_id = $1', [owner.id]);
    const disable = (body: object, bearer?: string, headers = {}) =>
      browser.post('/two-factor/disable', body, bearer, headers);

    expect((await disable({}, undefined, FOREIGN)).body.code).toBe('INVALID_ORIGIN');
    expect((await new Browser(service).post('/two-factor/disable', {})).body.code).toBe('UNAUTHORIZED');
    await weaken();
    expect((await disable({})).body.code).toBe('VALIDATION_ERROR');
    expect((await disable({ password: 'wrong' })).body.code).toBe('SECOND_FACTOR_REQUIRED');
    await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() });
    expect((await disable({ password: 'wrong' })).body.code).toBe('INVALID_PASSWORD');
    expect((await disable({ password: PASSWORD })).status).toBe(200);
    expect((await disable({ password: 'wrong' })).body.code).toBe('TWO_FACTOR_NOT_ENABLED');
  });
});
