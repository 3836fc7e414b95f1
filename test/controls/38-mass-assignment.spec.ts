import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  Caller,
  enrol,
  openChallenge,
  PASSWORD,
  signUp,
  type EnrolledOwner,
  lastingHeaders,
} from '../support/client.js';
import { trust, type DeviceBody } from '../support/devices.js';
import { linkMailedTo } from '../support/links.js';
import { operationsOf, type Operation } from '../support/openapi.js';
import { assertion, creationOptions, newAuthenticator, register } from '../support/passkeys.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
let operations: Operation[];
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
  operations = operationsOf(service).operations;
});
afterAll(() => service.close());

/** Fields that an attacker would like to set on an account, a session, a challenge or a factor, in both spellings. */
function wishes(victim: EnrolledOwner): Record<string, unknown> {
  const long = '2099-01-01T00:00:00.000Z';
  const named = {
    id: victim.id,
    userId: victim.id,
    accountId: victim.id,
    sessionId: victim.id,
    challengeId: victim.id,
    trustedDeviceId: victim.id,
    twoFactorEnabled: false,
    emailVerified: true,
    passwordHash: 'x',
    passwordVersion: 7,
    secondFactor: 'totp',
    secondFactorAt: long,
    strong: true,
    confirmedAt: long,
    createdAt: long,
    updatedAt: long,
    expiresAt: long,
    absoluteExpiresAt: long,
    lockedUntil: null,
    failures: -100,
    guesses: -100,
    sends: -100,
    lastStep: -1,
    backupCodes: ['x'],
    secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    amr: ['pwd', 'otp', 'mfa'],
    role: 'admin',
    isAdmin: true,
    user: { id: victim.id, twoFactorEnabled: false, emailVerified: true },
    session: { userId: victim.id, secondFactorAt: long },
    context: { passwordVersion: 7 },
  };
  const snake = Object.entries(named).map(([name, value]) => [
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return { ...Object.fromEntries(snake), ...named };
}

/** Fields of the routes of passkeys. Registering renews the owner's token. */
async function passkeyFields(path: string, owner: EnrolledOwner): Promise<Record<string, unknown>> {
  const authenticator = newAuthenticator();
  if (path.endsWith('/verify-registration')) {
    return { response: authenticator.create((await creationOptions(service, owner.token)).body) };
  }
  const { id, token } = (await register(service, authenticator, owner.token)).body;
  Object.assign(owner, { token });
  return path.endsWith('/verify-authentication')
    ? { response: await assertion(service, authenticator, token) }
    : { id };
}

/** The right value of every field that occurs in any body. A new field fails the test until it is added here. */
async function rightBody({ fields, path }: Operation, owner: EnrolledOwner): Promise<Record<string, unknown>> {
  const known: Record<string, unknown> = {
    email: path.startsWith('/sign-up') ? `${randomUUID()}@example.com` : owner.email,
    password: PASSWORD,
    currentPassword: PASSWORD,
    newPassword: PASSWORD,
    name: 'Owner',
    code: path.endsWith('backup-code') ? owner.backupCodes[0] : owner.app.nextCode(),
    image: 'https://example.com/ada.png',
    rememberMe: true,
    revokeOtherSessions: false,
    trustDevice: false,
    disableSession: false,
    token: randomUUID(),
    issuer: 'Acme',
    method: 'totp',
    channel: 'mail',
    phoneNumber: '+4915112345678',
    newEmail: `${randomUUID()}@example.com`,
    callbackURL: '/docs',
    redirectTo: '/docs',
    ...(path.startsWith('/passkey/') && (await passkeyFields(path, owner))),
  };
  const names = Object.keys(fields ?? {});
  expect(Object.keys(known)).toEqual(expect.arrayContaining(names));
  if (path.endsWith('verify-otp')) {
    await caller.post('/two-factor/send-otp', {}, owner.token);
    known['code'] = await service.messages.codeMailedTo(owner.email);
  }
  if (path === '/reset-password') {
    await caller.post('/request-password-reset', { email: owner.email });
    known['token'] = (await linkMailedTo(service, owner.email)).token;
  }
  return Object.fromEntries(names.map((name) => [name, known[name]]));
}

const TABLES = [
  'two_factor_attempts',
  'two_factor_authenticator',
  'two_factor_otp_method',
  'sessions',
  'users',
] as const;

/** Returns all rows of an account. */
async function rowsOf(id: string): Promise<Record<string, unknown[]>> {
  const rows = TABLES.map(async (table) => {
    const column = { sessions: 'user_id', users: 'id' }[table as string] ?? 'account_id';
    return [table, await service.query(`SELECT * FROM ${table} WHERE ${column}::text = $1`, [id])] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

// ASVS 15.3.3
describe('control 38: a request sets no field that its route does not declare', () => {
  it('ignores unknown fields on every route that takes a body', async () => {
    const victim = await enrol(service);
    const before = await rowsOf(victim.id);
    const driven = operations.filter(({ fields }) => fields !== null);
    expect(driven.length).toBeGreaterThan(12);
    for (const operation of driven) {
      const { method, path, fields } = operation;
      const owner = await enrol(service);
      const right = await rightBody(operation, owner);
      const own = Object.keys(fields ?? {});
      const body = {
        ...Object.fromEntries(Object.entries(wishes(victim)).filter(([name]) => !own.includes(name))),
        ...right,
      };
      const device = path.endsWith('{id}') ? await deviceOf(owner) : '';
      const at = path.replace('{id}', device);
      const answer =
        method === 'PATCH' ? await caller.patch(at, body, owner.token) : await caller.post(at, body, owner.token);
      expect([path, answer.status]).toEqual([path, 200]);

      const id = path.startsWith('/sign-up') ? answer.body.user.id : owner.id;
      const rows = await rowsOf(id);
      if (path === '/delete-user') {
        expect(Object.values(rows).flat()).toEqual([]);
        continue;
      }
      const [user] = rows['users'] as Array<Record<string, unknown>>;
      const off = path.startsWith('/sign-up') || path.endsWith('/disable');
      expect([path, user]).toEqual([
        path,
        expect.objectContaining({ email_verified: false, two_factor_enabled: !off }),
      ]);
      expect([path, user?.['id']]).not.toEqual([path, victim.id]);
      const text = JSON.stringify([answer.body, rows]);
      expect([path, text.includes('2099-01-01'), text.includes(victim.id)]).toEqual([path, false, false]);
    }
    expect(await rowsOf(victim.id)).toEqual(before);
  });

  it('keeps a weak session weak and a challenge on its account, even if the body says otherwise', async () => {
    const [owner, victim] = [await enrol(service), await enrol(service)];
    const { device } = await trust(service, owner);
    const headers = { 'x-trusted-device': device };
    const credentials = { ...wishes(victim), email: owner.email, password: PASSWORD };
    const { body: weak } = await caller.post('/sign-in/email', credentials, undefined, headers);
    for (const path of ['disable', 'generate-backup-codes', 'get-totp-uri', 'enable']) {
      const answer = await caller.post(`/two-factor/${path}`, { ...wishes(victim), password: PASSWORD }, weak.token);
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'SECOND_FACTOR_REQUIRED']);
    }
    const challenge = await openChallenge(service, owner);
    const body = { ...wishes(victim), code: victim.app.nextCode() };
    expect((await caller.post('/two-factor/verify-totp', body, challenge)).body.code).toBe('INVALID_CODE');
    const { body: verified } = await caller.post(
      '/two-factor/verify-totp',
      { ...body, code: owner.app.nextCode() },
      challenge,
    );
    expect(verified.user.id).toBe(owner.id);
  });

  it('changes nothing through members of the prototype', async () => {
    const owner = await signUp(service);
    for (const text of [
      `{"password":"${PASSWORD}","__proto__":{"method":"otp"}}`,
      `{"password":"${PASSWORD}","constructor":{"prototype":{"method":"otp"}}}`,
    ]) {
      const response = await fetch(`${service.url}/two-factor/enable`, {
        method: 'POST',
        headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
        body: text,
      });
      expect([text, response.status]).toEqual([text, 400]);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
    const [row] = await service.query('SELECT FROM two_factor_authenticator WHERE account_id = $1', [owner.id]);
    expect(row).toBeUndefined();
  });
});

/** Returns the device of a new sign-in. Its owner may rename it. */
async function deviceOf(owner: EnrolledOwner): Promise<string> {
  await trust(service, owner);
  const { body } = await caller.get<DeviceBody[]>('/two-factor/trusted-devices', owner.token);
  return body[0]?.id ?? '';
}

/** Returns every byte of the response, except for the headers that differ in every response. */
async function bytes(method: string, path: string, token: string, body?: object): Promise<unknown> {
  const response = await fetch(service.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const headers = lastingHeaders(response.headers);
  return { status: response.status, headers, text: await response.text() };
}

describe('control 38: the id of another account is answered like a missing id', () => {
  it('answers alike when a trusted device is renamed or revoked', async () => {
    const [owner, other] = [await enrol(service), await enrol(service)];
    const foreign = await deviceOf(other);
    for (const [method, body] of [['PATCH', { name: 'Mine' }], ['DELETE']] as const) {
      const [one, two, three] = await Promise.all(
        [foreign, randomUUID(), 'no-id'].map((id) =>
          bytes(method, `/two-factor/trusted-devices/${id}`, owner.token, body),
        ),
      );
      expect(one).toMatchObject({ status: 404 });
      expect(two).toEqual(one);
      expect(three).toEqual(one);
    }
    const { body: left } = await caller.get<DeviceBody[]>('/two-factor/trusted-devices', other.token);
    expect(left.map(({ id, name }) => [id, name === 'Mine'])).toEqual([[foreign, false]]);
  });

  it('answers alike when a session is revoked, by its handle and by its token', async () => {
    const [owner, other] = [await enrol(service), await enrol(service)];
    const { body: sessions } = await caller.get<Array<{ id: string }>>('/list-sessions', other.token);
    const tokens = [sessions[0]?.id ?? '', other.token, randomUUID(), `tfs_${'x'.repeat(43)}`, 'no-id'];
    const answers = await Promise.all(tokens.map((token) => bytes('POST', '/revoke-session', owner.token, { token })));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((await caller.get('/get-session', other.token)).body).not.toBeNull();
  });
});
