import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const POSTS = [
  '/two-factor/enable',
  '/two-factor/disable',
  '/two-factor/get-totp-uri',
  '/two-factor/verify-totp',
  '/two-factor/send-otp',
  '/two-factor/verify-otp',
  '/two-factor/verify-backup-code',
  '/two-factor/generate-backup-codes',
  '/sign-up/email',
  '/sign-in/email',
  '/sign-out',
  '/revoke-session',
  '/revoke-other-sessions',
  '/revoke-sessions',
  '/change-password',
];
const GETS = ['/ok', '/get-session', '/list-sessions'];

/** Sends a request that must fail with a 4xx of `{ message, code }` and possibly `errors`. */
async function refused(
  path: string,
  init: Omit<RequestInit, 'body'> & { body?: string },
): Promise<{ status: number; code: string; errors?: object }> {
  const response = await fetch(service.url + path, init);
  const where = `${init.method} ${path} ${init.body?.slice(0, 60)}`;
  const answer = await response.text();
  const kind = `${Math.floor(response.status / 100)}xx`;
  expect({ where, kind, answer }).toEqual({ where, kind: '4xx', answer: expect.stringMatching(/^\{.*\}$/s) });
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const { message, code, ...rest } = JSON.parse(answer) as { message: string; code: string; errors?: object };
  expect({ where, message, code }).toEqual({
    where,
    message: expect.stringMatching(/\S/),
    code: expect.stringMatching(/^[A-Z_]+$/),
  });
  expect(Object.keys(rest).filter((member) => member !== 'errors')).toEqual([]);
  return { status: response.status, code, ...rest };
}

describe('request bodies', () => {
  it.each([
    ['is no JSON', '{"password":', JSON_TYPE, 400, 'BAD_REQUEST'],
    ['is half a character', '{"password":"\ud83d', JSON_TYPE, 400, 'BAD_REQUEST'],
    ['is larger than 16 KiB', JSON.stringify({ password: 'x'.repeat(16_384) }), JSON_TYPE, 413, 'PAYLOAD_TOO_LARGE'],
    ['is plain text', '{"password":"a"}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['is a form', 'password=a', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'is a form of parts',
      '--x--',
      { 'content-type': 'multipart/form-data; boundary=x' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['is of no type that exists', '{}', { 'content-type': 'nonsense' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['would change prototypes', '{"__proto__":{"password":"a"}}', JSON_TYPE, 400, 'BAD_REQUEST'],
    ['would change constructors', '{"constructor":{"prototype":{"a":1}}}', JSON_TYPE, 400, 'BAD_REQUEST'],
  ])('are refused with a 4xx and a code when a body %s', async (_, body, headers, status, code) => {
    for (const path of POSTS) {
      expect(await refused(path, { method: 'POST', body, headers })).toEqual({ status, code });
    }
  });

  it('are refused as no JSON when they are not JSON', async () => {
    const init = { method: 'POST', body: '{"password":', headers: JSON_TYPE };
    const answer = await fetch(`${service.url}/sign-in/email`, init);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { message: 'The body is not valid JSON', code: 'BAD_REQUEST' },
    ]);
  });

  it.each(['[]', '[{}]', '"text"', '7', 'true', '[[["deep"]]]'])(
    'are refused when they are no object: %s',
    async (body) => {
      const { token } = await signUp(service);
      for (const path of POSTS.filter((post) => !/sign-out|revoke-(other-)?sessions/.test(post))) {
        const init = { method: 'POST', body, headers: { ...JSON_TYPE, authorization: `Bearer ${token}` } };
        expect(await refused(path, init)).toMatchObject({
          status: 400,
          code: 'VALIDATION_ERROR',
          errors: { body: [expect.any(String)] },
        });
      }
    },
  );

  it('are refused when they are null and every field is optional, but may be absent then', async () => {
    const { token } = await signUp(service);
    const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` };
    const sent = async (body?: string) =>
      refused('/two-factor/send-otp', { method: 'POST', headers, ...(body !== undefined && { body }) });
    expect(await sent('null')).toMatchObject({ code: 'VALIDATION_ERROR', errors: { body: [expect.any(String)] } });
    // No mail can be sent here, so this error shows that the body was accepted.
    for (const body of [undefined, '', '{}']) expect((await sent(body)).code).toBe('OTP_NOT_CONFIGURED');
  });

  it.each(['null', '7', 'true', '[]', '["text"]', '{}', '{"$gt":""}', '{"toString":"a"}', '{"length":8}'])(
    'are refused with the names of all fields whose value is %s',
    async (value) => {
      const { token } = await signUp(service);
      const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` };
      const fields: Record<string, string[]> = {
        '/two-factor/enable': ['password'],
        '/two-factor/disable': ['password'],
        '/two-factor/get-totp-uri': ['password'],
        '/two-factor/generate-backup-codes': ['password'],
        '/two-factor/verify-totp': ['code'],
        '/two-factor/verify-otp': ['code'],
        '/two-factor/verify-backup-code': ['code'],
        '/sign-up/email': ['name', 'email', 'password'],
        '/sign-in/email': ['email', 'password'],
        '/revoke-session': ['token'],
        '/change-password': ['currentPassword', 'newPassword'],
      };
      for (const [path, names] of Object.entries(fields)) {
        const body = `{${names.map((name) => `"${name}":${value}`).join()}}`;
        const answer = await refused(path, { method: 'POST', body, headers });
        expect(answer).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' });
        expect(Object.keys(answer.errors ?? {}).toSorted()).toEqual(names.toSorted());
      }
    },
  );

  it('are checked in their optional fields, and unknown fields are ignored', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const headers = { ...JSON_TYPE, authorization: `Bearer ${challenge}` };
    for (const fields of [{ trustDevice: 'yes' }, { trustDevice: 1 }, { trustDevice: {} }]) {
      for (const path of ['verify-totp', 'verify-otp', 'verify-backup-code']) {
        const body = JSON.stringify({ code: '000000', ...fields });
        expect(await refused(`/two-factor/${path}`, { method: 'POST', body, headers })).toMatchObject({
          status: 400,
          errors: { trustDevice: [expect.any(String)] },
        });
      }
    }
    const body = JSON.stringify({ code: owner.app.nextCode(), userId: 'x', twoFactorEnabled: { deep: [{}] } });
    const verified = await fetch(`${service.url}/two-factor/verify-totp`, { method: 'POST', body, headers });
    // None of the malformed bodies cost a guess, so this right code is still accepted.
    expect(verified.status).toBe(200);
  });

  it('may be absent when no field is required', async () => {
    const { token } = await signUp(service);
    for (const headers of [{}, JSON_TYPE]) {
      const init = { method: 'POST', headers: { ...headers, authorization: `Bearer ${token}` } };
      expect(await refused('/two-factor/send-otp', init)).toMatchObject({ status: 400, code: 'OTP_NOT_CONFIGURED' });
      expect(await refused('/two-factor/enable', init)).toMatchObject({
        status: 400,
        code: 'VALIDATION_ERROR',
        errors: { password: [expect.any(String)] },
      });
      expect((await fetch(`${service.url}/sign-out`, { method: 'POST', headers })).status).toBe(200);
    }
  });
});

async function allowOf(path: string, method: string): Promise<string | null> {
  return (await fetch(service.url + path, { method })).headers.get('allow');
}

describe('routes', () => {
  it('respond 405 in the common error shape to any other method, and list the allowed methods [RFC 9110 §15.5.6]', async () => {
    const refusal = { status: 405, code: 'METHOD_NOT_ALLOWED' };
    for (const path of POSTS) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        expect(await refused(path, { method })).toEqual(refusal);
      }
      const head = await fetch(service.url + path, { method: 'HEAD' });
      expect([head.status, head.headers.get('cache-control'), await head.text()]).toEqual([405, 'no-store', '']);
      expect(await allowOf(path, 'PUT')).toBe('POST');
    }
    for (const path of GETS) {
      expect(await refused(path, { method: 'POST' })).toEqual(refusal);
      expect(await allowOf(path, 'POST')).toBe('GET, HEAD');
    }
    const device = '/two-factor/trusted-devices/00000000-0000-4000-8000-000000000000';
    expect(await refused(device, { method: 'GET' })).toEqual(refusal);
    expect(await allowOf(`${device}?a=b`, 'GET')).toBe('DELETE, PATCH');
    expect(await allowOf('/two-factor/trusted-devices', 'POST')).toBe('DELETE, GET, HEAD');
  });

  it('respond 404 without `Allow` when the path does not exist', async () => {
    for (const path of ['/nothing', '/two-factor', '/two-factor/trusted-devices/', '/two-factor/trusted-devices/a/b']) {
      const answer = await fetch(service.url + path, { method: 'PUT' });
      expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 404, null]);
    }
  });

  it.each([
    '/',
    '/nothing',
    '/two-factor',
    '/two-factor/enable/',
    '/OK',
    '/two-factor%2fenable',
    '/../../api/auth/x',
    '/%00',
  ])('respond 404 in the common error shape when the path does not exist: %s', async (path) => {
    for (const method of ['GET', 'POST']) {
      expect(await refused(path, { method })).toEqual({ status: 404, code: 'NOT_FOUND' });
    }
  });

  it('respond 400 in the common error shape to a malformed URL', async () => {
    expect(await refused('/%ff', { method: 'GET' })).toEqual({ status: 400, code: 'BAD_REQUEST' });
  });

  it('never respond 5xx to bytes that are not HTTP', async () => {
    const { port, hostname } = new URL(service.url);
    for (const bytes of [
      'nonsense\r\n\r\n',
      'GET /api/auth/ok HTTP/1.1\r\n\r\n',
      'GET /api/auth/ok HTTP/9.9\r\nhost: x\r\n\r\n',
      `GET /api/auth/ok HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(70_000)}\r\n\r\n`,
      'POST /api/auth/sign-out HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /api/auth/sign-out HTTP/1.1\r\nhost: x\r\ncontent-length: nonsense\r\n\r\n',
      'TRACE /api/auth/ok HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    ]) {
      const socket = connect(Number(port), hostname);
      socket.end(bytes);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
  });
});

describe('response headers', () => {
  it('forbid caching of every response', async () => {
    const owner = await enrol(service);
    const authorization = `Bearer ${owner.token}`;
    for (const path of GETS) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await fetch(service.url + path, { method, headers: { authorization } });
        expect([path, answer.status, answer.headers.get('cache-control')]).toEqual([path, 200, 'no-store']);
      }
    }
    const body = JSON.stringify({ password: PASSWORD });
    const shown = await fetch(`${service.url}/two-factor/get-totp-uri`, {
      method: 'POST',
      body,
      headers: { ...JSON_TYPE, authorization },
    });
    expect([shown.status, shown.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });

  it('keep browsers from sniffing types, framing pages and sending referrers', async () => {
    const { headers } = await fetch(`${service.url}/ok`);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
    });
    // HSTS over plain http would make localhost unreachable for a developer's browser.
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('state with 401 how to authenticate [RFC 6750 §3]', async () => {
    expect(await challengeTo({})).toBe('Bearer realm="two-factor"');
    expect(await challengeTo({ authorization: 'Basic YTpi' })).toBe('Bearer realm="two-factor"');
    expect(await challengeTo({ authorization: 'Bearer dead' })).toBe(
      'Bearer realm="two-factor", error="invalid_token"',
    );
  });
});

describe('pages of other origins', () => {
  it('may send credentials when their origin is trusted', async () => {
    const allowed = await preflight(TRUSTED_ORIGIN);
    expect(allowed.status).toBe(204);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': TRUSTED_ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': expect.stringMatching(/GET.*POST/),
      'access-control-allow-headers': expect.stringMatching(/authorization.*content-type.*x-trusted-device/i),
      vary: expect.stringMatching(/origin/i),
    });
    const answer = await fetch(`${service.url}/ok`, { headers: { origin: TRUSTED_ORIGIN } });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': TRUSTED_ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'retry-after',
      vary: expect.stringMatching(/origin/i),
    });
    const error = await fetch(`${service.url}/nothing`, { headers: { origin: TRUSTED_ORIGIN } });
    expect([error.status, error.headers.get('access-control-allow-origin')]).toEqual([404, TRUSTED_ORIGIN]);
  });

  it.each([
    'https://evil.example',
    'null',
    `${TRUSTED_ORIGIN}.evil.example`,
    TRUSTED_ORIGIN.replace('5173', '5174'),
    TRUSTED_ORIGIN.replace('http:', 'https:'),
    'http://localhost:3001',
  ])('receive no CORS headers when their origin is not trusted: %s', async (origin) => {
    for (const answer of [await preflight(origin), await fetch(`${service.url}/ok`, { headers: { origin } })]) {
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

function preflight(origin: string): Promise<Response> {
  return fetch(`${service.url}/two-factor/enable`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-trusted-device',
    },
  });
}

/** @returns the `WWW-Authenticate` header of the response to a request without a live session */
async function challengeTo(headers: Record<string, string>): Promise<string | null> {
  const answer = await fetch(`${service.url}/list-sessions`, { headers });
  expect(answer.status).toBe(401);
  return answer.headers.get('www-authenticate');
}
