import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Browser, Caller, enrol, openChallenge, PASSWORD, signUp, type Owner } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

const ENABLE = { password: PASSWORD };
const SYNTAX = /^Bearer realm="[^"\\]+"(, error="[a-z_]+")?$/;

async function signInBrowser(owner: Owner): Promise<Browser> {
  const browser = new Browser(service);
  await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
  return browser;
}

describe('control 29: bearer errors are those of RFC 6750 §3', () => {
  it('answers a request without a credential with 401 and a challenge without an error', async () => {
    const answers = [
      await caller.post('/two-factor/enable', ENABLE),
      await caller.get('/list-sessions'),
      await caller.get('/two-factor/status'),
      await caller.post('/two-factor/verify-totp', { code: '000000' }),
      await caller.delete('/two-factor/trusted-devices'),
      // Another scheme is not a bearer credential.
      await caller.post('/two-factor/enable', ENABLE, undefined, { authorization: 'Basic dXNlcjpwYXNz' }),
    ];
    for (const { status, headers, body } of answers) {
      expect([status, body.code]).toEqual([401, 'UNAUTHORIZED']);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="[^"\\]+"$/);
    }
  });

  it('answers every kind of bad credential with 401 and invalid_token', async () => {
    const owner = await signUp(service);
    const { token: ended } = await signUp(service);
    await caller.post('/sign-out', {}, ended);
    const expired = await signUp(service);
    await service.query(`UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [
      expired.id,
    ]);
    const bad = [
      'nonsense',
      `tfs_${'A'.repeat(43)}`,
      `${owner.token}A`,
      owner.token.toUpperCase(),
      ended,
      expired.token,
      await openChallenge(service, await enrol(service)),
    ];
    for (const token of bad) {
      const { status, headers, body } = await caller.post('/two-factor/enable', ENABLE, token);
      expect([token, status, body.code]).toEqual([token, 401, 'UNAUTHORIZED']);
      expect(headers.get('www-authenticate')).toMatch(SYNTAX);
      expect(headers.get('www-authenticate')).toContain(', error="invalid_token"');
    }
  });

  it('answers live credentials of two accounts with 400 and invalid_request, and uses neither', async () => {
    const owner = await signUp(service);
    const browser = await signInBrowser(owner);
    const other = await signUp(service);
    const answer = await browser.post('/two-factor/enable', ENABLE, other.token);
    expect(answer).toMatchObject({ status: 400, body: { code: 'CONTRADICTING_CREDENTIALS' } });
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_request"');
    expect(
      await service.query('SELECT FROM two_factor_authenticator WHERE account_id IN ($1, $2)', [owner.id, other.id]),
    ).toEqual([]);
    const challenged = await enrol(service);
    const challenge = await openChallenge(service, challenged);
    const verify = await browser.post('/two-factor/verify-totp', { code: challenged.app.nextCode() }, challenge);
    expect(verify.body.code).toBe('CONTRADICTING_CREDENTIALS');
  });

  it('ignores an invalid bearer token beside a valid cookie', async () => {
    const browser = await signInBrowser(await signUp(service));
    expect((await browser.post('/two-factor/enable', ENABLE, 'nonsense')).status).toBe(200);
  });

  it('never reads a token from a query string or a form field [RFC 6750 §2.2, §2.3]', async () => {
    const { token } = await signUp(service);
    const query = await caller.post(`/two-factor/enable?access_token=${token}`, { ...ENABLE, access_token: token });
    expect(query.status).toBe(401);
    const form = await fetch(`${service.url}/two-factor/enable`, {
      method: 'POST',
      body: new URLSearchParams({ access_token: token, password: PASSWORD }),
    });
    expect([401, 415]).toContain(form.status);
    expect((await caller.get(`/get-session?access_token=${token}&token=${token}`)).body).toBeNull();
  });
});
