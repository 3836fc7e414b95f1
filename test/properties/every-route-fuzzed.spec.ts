import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Agent, request } from 'node:http';
import { Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { trust, type DeviceBody } from '../support/devices.js';
import { AnswerCheck, operationsOf, type Operation } from '../support/openapi.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';
import { bodies, contentTypes, ids, malformedHeaders } from './malformed-inputs.js';

/*
 * Sends malformed and valid input to every operation of the document, with every kind of credential. No response is an
 * internal error. Each response of a route has a documented status, and its body has the documented schema.
 */

const { PROPERTY_RUNS, PROPERTY_SEED } = process.env;
const REQUESTS = Number(PROPERTY_RUNS ?? 50);

/**
 * HTTP itself refuses a body or a path with these statuses, before any route runs. The test checks only `message` and
 * `code` of such a response, and does not compare it with the operation in the document.
 */
const OF_HTTP = [413, 414, 415];

let service: TestService;
let operations: Operation[];
let check: AnswerCheck;
/** Valid tokens of the saved state. */
const tokens: Record<string, string> = {};
/** The fields of a valid body. */
let right: Record<string, unknown>;
let deviceId: string;
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  service = await startTestService({ messages: true, config: { outbox: false } });
  const read = operationsOf(service);
  operations = read.operations;
  check = new AnswerCheck(read.document);
  const owner = await enrol(service);
  const trusted = await trust(service, owner);
  const caller = new Caller(service);
  const headers = { 'x-trusted-device': trusted.device };
  const weak = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD }, undefined, headers);
  const off = await signUp(service);
  Object.assign(tokens, {
    strong: trusted.session,
    weak: weak.body.token,
    off: off.token,
    challenge: await openChallenge(service, owner),
  });
  const { body } = await caller.get<DeviceBody[]>('/two-factor/trusted-devices', trusted.session);
  deviceId = body[0]?.id ?? '';
  right = {
    email: owner.email,
    password: PASSWORD,
    currentPassword: PASSWORD,
    newPassword: 'a quite different passphrase',
    code: owner.app.code(1),
    token: off.token,
    phoneNumber: '+4915112345678',
    newEmail: 'new@example.com',
  };
  await save();
});
afterAll(async () => {
  agent.destroy();
  await service.close();
});

const SAVED = [
  'users',
  'sessions',
  'account_links',
  'account_mail_budgets',
  ...['attempts', 'authenticator', 'backup_code', 'challenge', 'otp_method', 'one_time_code', 'send_budget'].map(
    (name) => `two_factor_${name}`,
  ),
  'two_factor_trusted_device',
];

async function save(): Promise<void> {
  await service.query(
    ['CREATE SCHEMA saved', ...SAVED.map((table) => `CREATE TABLE saved.${table} AS TABLE public.${table}`)].join(';'),
  );
}

/** Restores the saved accounts, so that every request meets the same state. */
async function restore(): Promise<void> {
  const drop = SAVED.toReversed().map((table) => `DELETE FROM public.${table}`);
  const fill = SAVED.map((table) => `INSERT INTO public.${table} SELECT * FROM saved.${table}`);
  await service.query(['BEGIN', ...drop, ...fill, 'COMMIT'].join(';'));
}

interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | undefined;
}

/** Sends the request without `fetch`, which would correct malformed headers. */
async function fire({ method, path, headers, body }: Shot) {
  const { hostname, port, pathname } = new URL(service.url);
  return new Promise<{ status: number; headers: Headers; text: string }>((resolve, reject) => {
    const outgoing = request(
      { hostname, port, method, path: pathname + path, headers, agent, setHost: true },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const lines = Object.entries(response.headersDistinct).flatMap(([name, values]) =>
            (values ?? []).map((value): [string, string] => [name, value]),
          );
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: new Headers(lines), text });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function credentialHeaders(kind: string, carrier: string): Record<string, string> {
  const token = tokens[kind];
  if (token === undefined) return {};
  if (carrier === 'bearer') return { authorization: `Bearer ${token}` };
  const name = kind === 'challenge' ? 'two_factor' : 'session_token';
  return { cookie: `${name}=${token}`, origin: TRUSTED_ORIGIN };
}

function look({ method, path }: Operation, { status, headers, text }: Awaited<ReturnType<typeof fire>>): void {
  expect(status).toBeLessThan(500);
  expect(headers.get('cache-control')).toBe('no-store');
  const json = headers.get('content-type')?.startsWith('application/json') ?? false;
  const body: unknown = json ? JSON.parse(text) : text;
  if (status >= 300) {
    expect(json).toBe(true);
    expect(body).toEqual(expect.objectContaining({ message: expect.any(String), code: expect.any(String) }));
  }
  if (!OF_HTTP.includes(status)) check.answer(method, path, { status, headers, body });
}

describe('any request of a client', () => {
  it('gets a response that the document describes', async () => {
    expect(operations.length).toBeGreaterThan(20);
    const seen = new Map<number, number>();
    for (const operation of operations) {
      const shots = fc.record({
        credential: fc.constantFrom('none', 'challenge', 'weak', 'strong', 'strong', 'off'),
        carrier: fc.constantFrom('bearer', 'cookie'),
        id: ids,
        body: bodies(operation.fields, right),
        contentType: contentTypes,
        headers: malformedHeaders,
      });
      const property = fc.asyncProperty(shots, async ({ credential, carrier, id, body, contentType, headers }) => {
        await restore();
        const answer = await fire({
          method: operation.method,
          path: operation.path.replace('{id}', id ?? deviceId),
          headers: {
            ...credentialHeaders(credential, carrier),
            ...(body !== undefined && contentType !== '' && { 'content-type': contentType }),
            ...(body !== undefined && { 'content-length': String(body.length) }),
            ...headers,
          },
          body,
        });
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
        look(operation, answer);
      });
      await fc.assert(property, {
        numRuns: REQUESTS,
        interruptAfterTimeLimit: 10_000,
        ...(PROPERTY_SEED && { seed: Number(PROPERTY_SEED) }),
      });
    }
    const counts = [...seen].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    process.stderr.write(`answers by status: ${counts.join(', ')}\n`);
    expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404, 415]));
  }, 120_000);

  it('gets 405 with the allowed methods when the path does not have its method', async () => {
    for (const path of new Set(operations.map((operation) => operation.path))) {
      const own = operations.filter((operation) => operation.path === path).map(({ method }) => method);
      const allowed = [...own, ...(own.includes('GET') ? ['HEAD'] : [])].toSorted().join(', ');
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'].filter((name) => !own.includes(name))) {
        const { status, headers, text } = await fire({
          method,
          path: path.replace('{id}', deviceId),
          headers: {},
          body: undefined,
        });
        expect({ method, path, status, allow: headers.get('allow') }).toEqual({
          method,
          path,
          status: 405,
          allow: allowed,
        });
        expect(JSON.parse(text)).toEqual({ message: 'Method Not Allowed', code: 'METHOD_NOT_ALLOWED' });
      }
    }
  });
});
