import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { enrol, openChallenge, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';

interface Operation {
  readonly method: string;
  readonly path: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };

describe('control 12: no cache may store a response below the base URL', () => {
  let service: TestService;
  let owner: EnrolledOwner;
  let operations: Operation[];
  let statuses: Set<number>;
  beforeAll(async () => {
    service = await startTestService({ messages: true });
    owner = await enrol(service);
    const { paths } = JSON.parse(await readFile('openapi.json', 'utf8')) as { paths: Record<string, object> };
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({
        method: method.toUpperCase(),
        path: path.replaceAll(/\{\w+\}/g, '00000000-0000-4000-8000-000000000000'),
      })),
    );
  });
  afterAll(() => service.close());

  /** Sends the request to every operation of the document. Returns the distinct statuses of the responses. */
  async function everywhere(
    init: Omit<RequestInit, 'body'> & { body?: string },
    which: (operation: Operation) => boolean = () => true,
  ): Promise<Set<number>> {
    statuses = new Set();
    for (const { method, path } of operations.filter(which)) {
      const { body, ...rest } = init;
      const bare = method === 'GET' || body === undefined;
      await checked(path, { method: init.method ?? method, ...rest, ...(!bare && { body }) });
    }
    return statuses;
  }

  async function checked(path: string, init: RequestInit): Promise<Response> {
    const answer = await fetch(service.url + path, init);
    const { status, headers } = answer;
    await answer.arrayBuffer();
    expect([init.method, path, status, headers.get('cache-control')]).toEqual([init.method, path, status, 'no-store']);
    statuses.add(status);
    return answer;
  }

  const written = ({ method }: Operation) => method === 'POST' || method === 'PATCH';
  // These operations are left out: they require no field, so they would end sessions and devices.
  const harmless = ({ path }: Operation) => !/sign-out|revoke-|trusted-devices$/.test(path);
  const post = (path: string, body: object, token = owner.token) =>
    checked(path, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
  const signedIn = () => ({ authorization: `Bearer ${owner.token}` });

  it('finds all operations of the document, so that the tests below cover them', () => {
    expect(operations.length).toBeGreaterThan(20);
  });

  it('forbids caching of responses to requests without a credential', async () => {
    expect(await everywhere({ headers: JSON_TYPE, body: '{}' })).toEqual(new Set([200, 400, 401]));
  });

  it('forbids caching of responses to an expired token', async () => {
    const headers = { ...JSON_TYPE, authorization: 'Bearer dead' };
    expect(await everywhere({ headers, body: '{}' })).toContain(401);
  });

  it('forbids caching of responses to malformed requests of the owner', async () => {
    const asked = await everywhere({ headers: { ...JSON_TYPE, ...signedIn() }, body: '{"code":1}' }, harmless);
    for (const status of [200, 400, 404]) expect(asked).toContain(status);
  });

  it('forbids caching when the body is malformed, too large or of an unsupported type', async () => {
    expect(await everywhere({ headers: JSON_TYPE, body: '{"' }, written)).toEqual(new Set([400]));
    const large = JSON.stringify({ password: 'x'.repeat(16_384) });
    expect(await everywhere({ headers: JSON_TYPE, body: large }, written)).toEqual(new Set([413]));
    const foreign = { 'content-type': 'text/plain' };
    expect(await everywhere({ headers: foreign, body: 'a' }, written)).toEqual(new Set([415]));
  });

  it('forbids caching when the method, the path or the URL is wrong', async () => {
    expect(await everywhere({ method: 'PUT' })).toEqual(new Set([405]));
    statuses = new Set();
    for (const path of ['/', '/nothing', '/two-factor/', '/ok/', '/OK', '/two-factor/enable?a=b']) {
      await checked(path, { method: 'GET' });
    }
    expect(statuses).toEqual(new Set([404, 405]));
    expect((await checked('/%', { method: 'GET' })).status).toBe(400);
  });

  it('forbids caching of responses to HEAD and to CORS preflights', async () => {
    expect(await everywhere({ method: 'HEAD' }, ({ method }) => method === 'GET')).toContain(200);
    const preflight = { origin: TRUSTED_ORIGIN, 'access-control-request-method': 'POST' };
    expect(await everywhere({ method: 'OPTIONS', headers: preflight })).toEqual(new Set([204]));
    const foreign = { ...preflight, origin: 'https://evil.example' };
    await everywhere({ method: 'OPTIONS', headers: foreign });
  });

  it('forbids caching of successful responses', async () => {
    statuses = new Set();
    const another = await enrol(service);
    const { email } = another;
    await post('/two-factor/get-totp-uri', { password: PASSWORD });
    await post('/two-factor/get-totp-qr', { password: PASSWORD });
    await post('/two-factor/generate-backup-codes', { password: PASSWORD });
    await post('/two-factor/enable', { password: PASSWORD });
    await post('/sign-up/email', { email: 'cached@example.com', password: PASSWORD, name: 'Ada' });
    await post('/sign-in/email', { email, password: PASSWORD });
    const code = { code: another.app.nextCode(), trustDevice: true };
    await post('/two-factor/verify-totp', code, await openChallenge(service, another));
    const [backup] = another.backupCodes;
    await post('/two-factor/verify-backup-code', { code: backup }, await openChallenge(service, another));
    const challenge = await openChallenge(service, another);
    await post('/two-factor/send-otp', {}, challenge);
    await post('/two-factor/verify-otp', { code: await service.messages.codeMailedTo(email) }, challenge);
    await post('/change-password', { currentPassword: PASSWORD, newPassword: 'a passphrase to come' }, another.token);
    await post('/two-factor/disable', { password: PASSWORD });
    expect(statuses).toEqual(new Set([200]));
  });

  it('forbids caching when too many requests came', async () => {
    statuses = new Set();
    const somebody = await enrol(service);
    const challenge = await openChallenge(service, somebody);
    const headers = { authorization: `Bearer ${challenge}` };
    for (let n = 0; n < 2; n++) await checked('/two-factor/send-otp', { method: 'POST', headers });
    expect(statuses).toEqual(new Set([200, 429]));
  });

  it('forbids caching when the service fails with 500', async () => {
    const { email, token } = await enrol(service);
    const rename = (from: string, to: string) => service.query(`ALTER TABLE ${from} RENAME TO ${to}`);
    await rename('sessions', 'sessions_away');
    await rename('users', 'users_away');
    try {
      const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` };
      const body = JSON.stringify({ email, password: PASSWORD, name: 'Ada', newPassword: PASSWORD, code: '123456' });
      expect(await everywhere({ headers, body })).toContain(500);
    } finally {
      await rename('sessions_away', 'sessions');
      await rename('users_away', 'users');
    }
  });

  it.each([
    ['a path in percent-encoding', '/%61pi/%61uth/get-session'],
    ['a path with an encoded slash', '/api%2fauth/get-session'],
    ['a path with another slash', '//api/auth/get-session'],
    ['an absolute URL', 'http://localhost/api/auth/get-session'],
    ['the base itself', '/api/auth'],
  ])('forbids caching when the target of the request is %s', async (_, target) => {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.end(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect((await textOf(socket)).toLowerCase()).toContain('\r\ncache-control: no-store\r\n');
  });

  it('forbids caching of the health check, which is outside the base URL', async () => {
    const answer = await fetch(new URL('/health', service.url));
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});
