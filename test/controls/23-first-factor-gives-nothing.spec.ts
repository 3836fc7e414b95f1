import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { buildOpenApiDocument } from '../../src/openapi/document.js';
import { Browser, Caller, enrol, openChallenge, PASSWORD } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let routes: ReadonlyArray<readonly [method: string, path: string]>;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  const { paths } = buildOpenApiDocument(service.app);
  routes = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => [method.toUpperCase(), path.replace('{id}', randomUUID())] as const),
  );
});
afterAll(() => service.close());

/** The routes on which a client proves the second factor. */
const OPEN_TO_CHALLENGES =
  /^\/(two-factor\/(send-otp|verify-totp|verify-otp|verify-backup-code)|passkey\/(generate-authenticate-options|verify-authentication))$/;
/** The routes that require no credential and evaluate none. */
const OPEN_TO_ALL =
  /^\/(sign-in\/email|sign-up\/email|sign-out|ok|request-password-reset|reset-password(\/.*)?|send-verification-email|verify-email)$/;

/** A body that passes the validation of every route, so that only the credential can cause a refusal. */
const BODY = {
  password: PASSWORD,
  currentPassword: PASSWORD,
  newPassword: 'another horse battery',
  code: '000000',
  token: 'x',
  name: 'Phone',
};

class Wire extends Caller {
  call(method: string, path: string, bearer: string) {
    const body = method === 'GET' || method === 'DELETE' ? undefined : BODY;
    return this.send<{ code?: string } | null>(method, path, body, { authorization: `Bearer ${bearer}` });
  }
}

describe('control 23: the first factor alone gives only access to the second [ASVS 2.3.1]', () => {
  it('rejects a challenge token with 401 on every other route of the document', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const closed = routes.filter(([, path]) => !OPEN_TO_CHALLENGES.test(path) && !OPEN_TO_ALL.test(path));
    expect(closed.length).toBeGreaterThan(12);
    for (const [method, path] of closed) {
      const answer = await new Wire(service).call(method, path, challenge);
      const expected = path === '/get-session' ? [200, null] : [401, 'UNAUTHORIZED'];
      expect([method, path, answer.status, answer.body?.code ?? null]).toEqual([method, path, ...expected]);
    }
    // The challenge was alive during all these requests.
    const verified = await new Caller(service).post(
      '/two-factor/verify-totp',
      { code: owner.app.nextCode() },
      challenge,
    );
    expect(verified.status).toBe(200);
  });

  it('rejects the challenge cookie on the other routes too', async () => {
    const owner = await enrol(service);
    const browser = new Browser(service);
    await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect([...browser.cookies.keys()]).toEqual(['two_factor']);
    expect((await browser.get('/get-session')).body).toBeNull();
    for (const path of ['/two-factor/disable', '/two-factor/get-totp-uri', '/change-password', '/revoke-sessions']) {
      expect([path, (await browser.post(path, BODY)).status]).toEqual([path, 401]);
    }
  });

  it('creates no session before the second factor is proven', async () => {
    const owner = await enrol(service);
    const count = async () => (await service.query('SELECT FROM sessions WHERE user_id = $1', [owner.id])).length;
    const before = await count();
    const challenge = await openChallenge(service, owner);
    await new Caller(service).post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, challenge);
    expect(await count()).toBe(before);
  });

  it('tells nothing about the account beyond its methods', async () => {
    const owner = await enrol(service);
    const { body } = await new Caller(service).post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(Object.keys(body).toSorted()).toEqual(['twoFactorMethods', 'twoFactorRedirect', 'twoFactorToken']);
  });
});
