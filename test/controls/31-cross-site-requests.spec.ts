import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { buildOpenApiDocument } from '../../src/openapi/document.js';
import { Browser, Caller, enrol, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';

let service: TestService;
let owner: EnrolledOwner;
let cookie: string;
let unsafe: ReadonlyArray<readonly [method: string, path: string]>;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  owner = await enrol(service);
  const browser = new Browser(service);
  await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
  await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() });
  cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
  const { paths } = buildOpenApiDocument(service.app);
  unsafe = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => method !== 'get')
      .map((method) => [method.toUpperCase(), path.replace('{id}', randomUUID())] as const),
  );
});
afterAll(() => service.close());

/** A body that is right for every route, so that only the origin can cause a refusal. */
const body = () => ({
  email: owner.email,
  password: PASSWORD,
  currentPassword: PASSWORD,
  newPassword: 'another horse battery',
  code: owner.app.code(),
  token: 'x',
  name: 'Ada',
});

class Wire extends Caller {
  call(method: string, path: string, headers: Record<string, string>) {
    return this.send<{ code?: string }>(method, path, method === 'DELETE' ? undefined : body(), { cookie, ...headers });
  }
}

/** Everything that a request could change. */
async function state(): Promise<unknown> {
  const tables = await service.query<{ name: string }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`,
  );
  const rows: unknown[] = [];
  for (const { name } of tables) {
    rows.push(name, await service.query(`SELECT t::text AS row FROM ${name} t ORDER BY 1`));
  }
  return rows;
}

describe('control 31: a page of another site cannot act with a user’s cookies [ASVS 3.5]', () => {
  it.each<readonly [string, Record<string, string>]>([
    ['another site', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['a client without an Origin header', {}],
    ['a lookalike origin', { origin: `${TRUSTED_ORIGIN}.evil.example` }],
    ['another port', { origin: TRUSTED_ORIGIN.replace('5173', '5174') }],
    ['another scheme', { origin: TRUSTED_ORIGIN.replace('http:', 'https:') }],
    ['another site, that forges Sec-Fetch-Site', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
    ['a sibling site, without Origin', { 'sec-fetch-site': 'same-site' }],
    ['another site, without Origin', { 'sec-fetch-site': 'cross-site' }],
  ])('answers every unsafe route with 403 and changes nothing for a request from %s', async (_, headers) => {
    expect(unsafe.length).toBeGreaterThan(15);
    const before = await state();
    for (const [method, path] of unsafe) {
      const answer = await new Wire(service).call(method, path, headers);
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'INVALID_ORIGIN']);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect(await state()).toEqual(before);
  });

  it('refuses a form or plain text, which a page may send without a preflight, even from a trusted page', async () => {
    const before = await state();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
      for (const [method, path] of unsafe.filter(([, name]) => name !== '/sign-out')) {
        if (method === 'DELETE') continue;
        const response = await fetch(service.url + path, {
          method,
          headers: { cookie, origin: TRUSTED_ORIGIN, 'content-type': type || 'application/octet-stream' },
          body: JSON.stringify(body()),
        });
        expect([path, type, response.status]).toEqual([path, type, 415]);
      }
    }
    expect(await state()).toEqual(before);
  });

  it('accepts unsafe requests from a trusted page and from its own origin', async () => {
    const trusted: ReadonlyArray<Record<string, string>> = [
      { origin: TRUSTED_ORIGIN },
      { 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of trusted) {
      const answer = await new Wire(service).call('POST', '/two-factor/get-totp-uri', headers);
      expect(answer.status).toBe(200);
    }
  });

  it('requires no Origin from programs, which send no cookies', async () => {
    const answer = await new Caller(service).post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(answer.body.twoFactorRedirect).toBe(true);
  });

  it('answers reads, and lets only trusted pages see the response', async () => {
    for (const [origin, allowed] of [
      ['https://evil.example', null],
      [TRUSTED_ORIGIN, TRUSTED_ORIGIN],
    ] as const) {
      const { headers } = await new Caller(service).get('/get-session', undefined, { cookie, origin });
      expect(headers.get('access-control-allow-origin')).toBe(allowed);
    }
  });
});
