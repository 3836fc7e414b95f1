import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AnySchemaObject } from 'ajv/dist/2020.js';
import type { OpenAPIObject } from '@nestjs/swagger';
import { buildOpenApiDocument, serializeOpenApi } from '../../src/openapi/document.js';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import type { DeviceBody } from '../support/devices.js';
import { linkMailedTo } from '../support/links.js';
import { AnswerCheck } from '../support/openapi.js';
import { newAuthenticator, type PasskeyBody } from '../support/passkeys.js';
import type { CeremonyOptions } from '../support/software-authenticator.js';
import { startTestService, type TestService } from '../support/service.js';

/** The eight endpoints of the original specification, with its descriptions of the members of their bodies. */
const TRUST =
  "If true, the device will be trusted for 30 days. It'll be refreshed on every sign in request within this time.";
const SEED: Record<string, Record<string, string>> = {
  '/two-factor/get-totp-uri': { password: 'User password' },
  '/two-factor/verify-totp': { code: 'The otp code to verify', trustDevice: TRUST },
  '/two-factor/send-otp': {},
  '/two-factor/verify-otp': { code: 'The otp code to verify', trustDevice: TRUST },
  '/two-factor/verify-backup-code': {
    code: expect.any(String) as unknown as string,
    disableSession: 'If true, the session cookie will not be set.',
    trustDevice: TRUST,
  },
  '/two-factor/generate-backup-codes': { password: 'User password' },
  '/two-factor/enable': { password: 'User password', issuer: 'Custom issuer for the TOTP URI' },
  '/two-factor/disable': { password: 'User password' },
};
/** Members of the responses of these endpoints. */
const SEED_ANSWERS: Record<string, string[]> = {
  '/two-factor/get-totp-uri': ['totpURI'],
  '/two-factor/verify-totp': ['status'],
  '/two-factor/send-otp': ['status'],
  '/two-factor/verify-otp': ['token', 'user'],
  '/two-factor/verify-backup-code': ['user', 'session'],
  '/two-factor/generate-backup-codes': ['status', 'backupCodes'],
  '/two-factor/enable': ['totpURI', 'backupCodes'],
  '/two-factor/disable': ['status'],
};
/** Operations that mail a link, and operations that use one. */
const LINKED = [
  'POST /request-password-reset',
  'GET /reset-password/{token}',
  'POST /reset-password',
  'POST /send-verification-email',
  'GET /verify-email',
  'POST /change-email',
];
const OTHER_401 = [
  '',
  'POST /sign-in/email',
  'GET /verify-email',
  'GET /passkey/generate-authenticate-options',
  'POST /passkey/verify-authentication',
];
const SIX_ERRORS = ['400', '401', '403', '404', '429', '500'];
/** The status that the original specification omits although every operation can return it. */
const UNAVAILABLE = '503';

/** The parts of an operation that the tests read. */
interface Operation {
  readonly summary: string;
  readonly description: string;
  readonly operationId: string;
  readonly tags: string[];
  readonly security: Array<Record<string, string[]>>;
  readonly requestBody?: { readonly required: boolean; readonly content: Record<string, Media> };
  readonly responses: Record<
    string,
    {
      description: string;
      headers?: Record<string, Media>;
      content: Record<string, Media>;
      links?: Record<string, { operationId: string }>;
    }
  >;
}
interface Media {
  readonly schema: AnySchemaObject;
  readonly examples?: Record<string, { value: Record<string, unknown> }>;
}

let service: TestService;
let document: OpenAPIObject;
let operations: Map<string, Operation>;
beforeAll(async () => {
  service = await startTestService();
  document = buildOpenApiDocument(service.app);
  operations = new Map(
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => [
        `${method.toUpperCase()} ${path}`,
        withSharedAnswers(operation as Operation),
      ]),
    ),
  );
});
afterAll(() => service.close());

describe('the OpenAPI document', () => {
  it('equals the file openapi.json', async () => {
    expect(await readFile('openapi.json', 'utf8')).toBe(serializeOpenApi(document));
  });

  it('has version 3.1, the version of this package, and paths relative to the base URL', async () => {
    const { version, license } = JSON.parse(await readFile('package.json', 'utf8')) as Record<string, string>;
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { version, license: { name: license } },
      servers: [{ url: '/api/auth' }],
      components: { securitySchemes: { bearerAuth: { type: 'http', scheme: 'bearer' } } },
    });
    expect(document.components?.securitySchemes?.['bearerAuth']).toHaveProperty(
      'description',
      expect.stringContaining('Bearer token authentication'),
    );
    expect(JSON.stringify(document)).not.toMatch(/"nullable"/);
  });

  it.each(Object.keys(SEED))('describes %s with its body, its response and its six errors', (path) => {
    const operation = operationOf('POST', path);
    expect(operation.tags).toEqual(['Two factor']);
    expect(operation.security).toEqual([{ bearerAuth: [] }]);
    const body = operation.requestBody?.content['application/json']?.schema;
    if (path.endsWith('send-otp')) {
      expect(operation.requestBody?.required ?? false).toBe(false);
    } else {
      const { properties } = resolve(body);
      for (const [name, description] of Object.entries(SEED[path] ?? {})) {
        expect(properties).toHaveProperty(name, expect.objectContaining({ description }));
      }
    }
    expect(Object.keys(operation.responses)).toEqual(['200', ...SIX_ERRORS, UNAVAILABLE]);
    // Each error is written out in full, as in the original specification.
    expect(JSON.stringify(document.paths[path])).not.toMatch(/#\/components\/responses/);
    const answer = resolve(operation.responses['200']?.content['application/json']?.schema);
    expect(answer['type']).toBe('object');
    expect(answer).not.toHaveProperty('oneOf');
    expect(Object.keys(answer['properties'] as object)).toEqual(expect.arrayContaining(SEED_ANSWERS[path] ?? []));
    for (const status of SIX_ERRORS) {
      const error = resolve(operation.responses[status]?.content['application/json']?.schema);
      expect(error).toMatchObject({ properties: { message: { type: 'string' } }, required: ['message', 'code'] });
    }
  });

  it('describes for every operation what it does, what it returns and how it fails', () => {
    const tags = document.tags?.map(({ name }) => name);
    for (const [name, operation] of operations) {
      const { summary, description, operationId, responses } = operation;
      expect({ name, summary, description, operationId }).toEqual({
        name,
        summary: expect.stringMatching(/\S/),
        description: expect.stringMatching(/\S/),
        operationId: expect.stringMatching(/^[a-z][A-Za-z]+$/),
      });
      expect(tags).toEqual(expect.arrayContaining(operation.tags));
      for (const response of Object.values(responses)) expect(response.description).toMatch(/\S/);
      if (name === 'GET /ok') continue;
      const errors = SIX_ERRORS.filter((status) => status !== '401' || needsCredential(operation));
      expect({ name, statuses: Object.keys(responses) }).toEqual({
        name,
        statuses: expect.arrayContaining(['200', ...errors, UNAVAILABLE]),
      });
      for (const [status, { content }] of Object.entries(responses)) {
        if (Number(status) < 400) continue;
        const examples = Object.entries(content['application/json']?.examples ?? {});
        expect({ name, status, examples: examples.length }).not.toMatchObject({ examples: 0 });
        for (const [code, { value }] of examples) expect(value).toEqual({ code, message: expect.stringMatching(/\S/) });
      }
      for (const status of ['429', UNAVAILABLE]) {
        expect(responses[status]?.headers?.['Retry-After']).toMatchObject({ schema: { type: 'integer' } });
      }
    }
    const ids = [...operations.values()].map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lists every error code that its examples show', () => {
    const shown = [...operations.values()].flatMap(({ responses }) =>
      Object.entries(responses)
        .filter(([status]) => status >= '400')
        .flatMap(([, { content }]) => Object.keys(content['application/json']?.examples ?? {})),
    );
    const { properties } = resolve({ $ref: '#/components/schemas/ErrorResponse' });
    const { code } = properties as { code: { enum: string[] } };
    expect(new Set(shown).size).toBeGreaterThan(20);
    expect(code.enum).toEqual(expect.arrayContaining([...shown, 'METHOD_NOT_ALLOWED']));
  });

  it('describes errors without a specific cause only once', () => {
    const { responses } = document.components ?? {};
    expect(Object.keys(responses ?? {}).toSorted()).toEqual([
      'InternalServerError',
      'NotFound',
      'PayloadTooLarge',
      'ServiceUnavailable',
      'TooManyRequests',
    ]);
    expect(document.paths['/ok']?.get?.responses).not.toHaveProperty('500');
    expect(document.paths['/list-sessions']?.get?.responses['404']).toEqual({
      $ref: '#/components/responses/NotFound',
    });
    expect(document.paths['/two-factor/trusted-devices/{id}']?.patch?.responses['404']).toHaveProperty('content');
  });

  it('shows 401 UNAUTHORIZED exactly where a credential is required', () => {
    for (const [name, operation] of operations) {
      const codes = Object.keys(operation.responses['401']?.content['application/json']?.examples ?? {});
      // Sign-in, the links in mails and passkeys have a different 401.
      expect({ name, shown: codes.includes('UNAUTHORIZED') }).toEqual({ name, shown: needsCredential(operation) });
      if (!needsCredential(operation)) expect(OTHER_401).toContain(codes.length ? name : '');
    }
  });

  it('shows 413 where a body is accepted, except on the eight endpoints with six errors', () => {
    for (const [name, { requestBody, responses }] of operations) {
      const expected = requestBody !== undefined && !(name.replace(/^POST /, '') in SEED);
      expect({ name, shown: '413' in responses }).toEqual({ name, shown: expected });
    }
    expect(operationOf('POST', '/sign-in/email').responses).toHaveProperty('413');
  });

  it('links each response to operations that exist', () => {
    const ids = new Set([...operations.values()].map(({ operationId }) => operationId));
    const leads = new Map(
      [...operations.values()].map(({ operationId, responses }) => [
        operationId,
        Object.values(responses['200']?.links ?? {}).map((link) => link.operationId),
      ]),
    );
    expect(leads.get('signInEmail')).toEqual(['verifyTotp', 'sendOtp', 'verifyOtp', 'verifyBackupCode']);
    for (const id of [...leads.values()].flat()) expect(ids).toContain(id);
  });

  it('pre-fills no optional member: the first example of a body has the required members only', () => {
    for (const [name, { requestBody }] of operations) {
      const media = requestBody?.content['application/json'];
      if (media === undefined) continue;
      const { properties, required = [] } = resolve(media.schema) as { properties: object; required?: string[] };
      const first = Object.values(media.examples ?? {})[0];
      // Without an example Swagger UI would generate one with all members.
      const filled = Object.keys(first?.value ?? properties);
      // When no member is required, one member shows what can be sent.
      if (required.length === 0 && filled.length === 1) continue;
      expect({ name, filled: filled.toSorted() }).toEqual({ name, filled: required.toSorted() });
    }
  });

  it('shows both responses of a sign-in, and an account without two-factor at sign-up', () => {
    const examplesOf = (path: string) =>
      operationOf('POST', path).responses['200']?.content['application/json']?.examples ?? {};
    expect(Object.keys(examplesOf('/sign-in/email'))).toEqual(['session', 'challenge']);
    expect(examplesOf('/sign-up/email')).toMatchObject({ session: { value: { user: { twoFactorEnabled: false } } } });
    expect(
      Object.keys(operationOf('POST', '/two-factor/enable').requestBody?.content['application/json']?.examples ?? {}),
    ).toEqual(['authenticator app', 'mail', 'SMS']);
  });

  it('states where a credential is required, optional or ignored', () => {
    const [bearer, cookie] = [{ bearerAuth: [] }, { cookieAuth: [] }];
    expect(operationOf('GET', '/get-session').security).toEqual([bearer, cookie, {}]);
    expect(operationOf('POST', '/sign-out').security).toEqual([bearer, cookie, {}]);
    expect(operationOf('GET', '/list-sessions').security).toEqual([bearer, cookie]);
    for (const path of ['/sign-up/email', '/sign-in/email']) expect(operationOf('POST', path).security).toEqual([]);
    expect(document.components?.securitySchemes).toMatchObject({
      bearerAuth: expect.not.objectContaining({ bearerFormat: expect.anything() }),
      cookieAuth: { type: 'apiKey', in: 'cookie', name: 'session_token' },
    });
    expect(document.info.contact).toEqual({ name: 'nestjs-two-factor', url: expect.stringContaining('https://') });
  });

  it('contains every route below the base URL and no other', () => {
    expect(registeredRoutes(service).toSorted()).toEqual([...operations.keys()].toSorted());
  });

  it('matches every response of a walk through all operations', async () => {
    const caller = new DocumentedCaller(service, new AnswerCheck(document));
    await walk(service, caller);
    // No mail can be sent here, so these operations have error responses only.
    const withoutSuccess = new Set(['POST /two-factor/send-otp', 'POST /two-factor/verify-otp', ...LINKED]);
    expect([...operations.keys()].filter((name) => !caller.seen.has(`${name} 200`))).toEqual(
      expect.arrayContaining([...withoutSuccess]),
    );
    expect([...operations.keys()].filter((name) => !caller.seen.has(`${name} 200`))).toHaveLength(withoutSuccess.size);
    expect([...caller.seen].map((line) => line.slice(-3))).toEqual(
      expect.arrayContaining(['200', '400', '401', '403', '422', '429']),
    );
  });
});

/** @returns the operation with its response references resolved */
function withSharedAnswers(operation: Operation): Operation {
  const shared = document.components?.responses ?? {};
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    const name = '$ref' in response ? String(response.$ref).split('/').at(-1) : undefined;
    return [status, name === undefined ? response : shared[name]];
  });
  return { ...operation, responses: Object.fromEntries(responses) as Operation['responses'] };
}
describe('the OpenAPI document of a service that can send mail', () => {
  it('matches every response of the operations with links', async () => {
    const mailing = await startTestService({ messages: true });
    const caller = new DocumentedCaller(mailing, new AnswerCheck(document));
    const owner = await signUp(mailing);
    const { email } = owner;
    await walkLinks(caller, owner.token);
    await caller.post('/request-password-reset', { email });
    const { path, token } = await linkMailedTo(mailing, email);
    await caller.get(path);
    await caller.post('/send-verification-email', { email }, owner.token);
    await caller.get((await linkMailedTo(mailing, email, 2)).path);
    await caller.post('/send-verification-email', { email }, owner.token);
    await caller.post('/change-email', { newEmail: email }, owner.token);
    await caller.post('/change-email', { newEmail: 'next@example.com' }, owner.token);
    await caller.get((await linkMailedTo(mailing, 'next@example.com')).path);
    await caller.post('/reset-password', { token, newPassword: PASSWORD });
    await caller.post('/request-password-reset', { email: 'next@example.com' });
    const last = await linkMailedTo(mailing, 'next@example.com', 2);
    await caller.post('/reset-password', { token: last.token, newPassword: PASSWORD });
    for (let n = 0; n < 3; n++) await caller.post('/request-password-reset', { email: 'next@example.com' });
    expect([...caller.seen]).toEqual(expect.arrayContaining(LINKED.map((name) => `${name} 200`)));
    expect([...caller.seen]).toContain('POST /request-password-reset 429');
    await mailing.close();
  });
});

/** A caller that checks every response against the document. */
class DocumentedCaller extends Caller {
  /** `METHOD /path STATUS` of each response. */
  readonly seen = new Set<string>();

  constructor(
    of: Pick<TestService, 'url'>,
    private readonly check: AnswerCheck,
  ) {
    super(of);
  }

  protected override async send<Body>(method: string, path: string, body: unknown, headers: Record<string, string>) {
    const answer = await super.send<Body>(method, path, body, headers);
    const documented = path
      .replace(/\?.*/, '')
      .replace(/\/[0-9a-f-]{36}$/, '/{id}')
      .replace(/\/tfl_[\w-]+$/, '/{token}');
    this.check.answer(method, documented, answer);
    this.seen.add(`${method} ${documented} ${answer.status}`);
    return answer;
  }
}

/** Walks through every operation, with valid and invalid requests. */
async function walk(within: TestService, caller: DocumentedCaller): Promise<void> {
  const password = { password: PASSWORD };
  await caller.get('/ok');

  const newcomer = { email: 'walk@example.com', name: 'Walker', ...password };
  const { body: signedUp } = await caller.post('/sign-up/email', newcomer);
  await caller.post('/sign-up/email', newcomer);
  await caller.post('/sign-up/email', { ...newcomer, email: 'nobody' });
  await caller.post('/sign-up/email', { ...newcomer, password: 'short' });
  await caller.post('/sign-up/email', newcomer, undefined, { cookie: 'any=thing', origin: 'https://evil.example' });
  await caller.post('/sign-in/email', { ...newcomer, password: 'wrong password' });
  await caller.post('/sign-in/email', { ...newcomer, email: 'nobody' });
  await caller.post('/sign-in/email', newcomer);
  let { token } = signedUp;

  await caller.get('/get-session', token);
  await caller.get('/get-session', 'nonsense');
  await caller.get('/list-sessions', token);

  for (const path of Object.keys(SEED)) {
    await caller.post(path, undefined);
    await caller.post(path, undefined, 'nonsense');
    await caller.post(path, {}, token);
    await caller.post(path, { password: 'wrong password', code: '000000' }, token);
    await caller.post(path, undefined, undefined, { cookie: 'any=thing', origin: 'https://evil.example' });
  }
  const staged = await caller.post('/two-factor/enable', { ...password, issuer: 'Acme' }, token);
  await caller.post('/two-factor/enable', { ...password, method: 'otp' }, token);
  await caller.post('/two-factor/get-totp-uri', password, token);
  await caller.post('/two-factor/get-totp-qr', { password: 'wrong password' }, token);
  await caller.post('/two-factor/get-totp-qr', password, token);
  const app = new AuthenticatorApp(staged.body.totpURI, within);
  const confirmed = await caller.post('/two-factor/verify-totp', { code: app.code() }, token);
  token = confirmed.body.token;
  const regenerated = await caller.post('/two-factor/generate-backup-codes', password, token);
  const [first, second] = regenerated.body.backupCodes;

  const challenge = async () => (await caller.post('/sign-in/email', newcomer)).body.twoFactorToken;
  await caller.post('/two-factor/send-otp', undefined, await challenge());
  await caller.post('/two-factor/verify-otp', { code: '000000' }, await challenge());
  await caller.post('/two-factor/verify-backup-code', { code: first, disableSession: true }, await challenge());
  const spent = await challenge();
  for (const code of [first, 'x', 'x', 'x', 'x', 'x', second]) {
    await caller.post('/two-factor/verify-backup-code', { code }, spent);
  }
  const other = await caller.post('/two-factor/verify-backup-code', { code: second }, await challenge());

  const weak = await weakSession(within, caller);
  for (const path of ['enable', 'disable', 'get-totp-uri', 'get-totp-qr', 'generate-backup-codes']) {
    await caller.post(`/two-factor/${path}`, password, weak);
  }
  await caller.post('/revoke-other-sessions', {}, weak);
  await caller.post('/change-password', { currentPassword: PASSWORD, newPassword: 'another passphrase' }, weak);

  await lockVerification(within, caller);
  token = await walkDevices(caller, app, newcomer, token);
  token = await walkPasskeys(caller, token);

  await caller.post('/revoke-session', { token: other.body.token }, token);
  await caller.post('/revoke-session', {}, token);
  await caller.post('/revoke-other-sessions', {}, token);
  await caller.post('/change-password', { currentPassword: 'wrong password', newPassword: PASSWORD }, token);
  await caller.post('/change-password', { currentPassword: PASSWORD, newPassword: 'short' }, token);
  const change = { currentPassword: PASSWORD, newPassword: PASSWORD, revokeOtherSessions: true };
  token = (await caller.post('/change-password', change, token)).body.token;
  token = (await caller.post('/two-factor/disable', password, token)).body.token;
  await walkProfile(caller, token);
  await caller.post('/sign-out', {}, token);
  const last = (await caller.post('/sign-in/email', { ...newcomer, callbackURL: '/docs' })).body.token;
  await caller.post('/sign-in/email', { ...newcomer, callbackURL: 'https://evil.example' });
  await caller.post('/delete-user', { password: 'wrong password' }, last);
  await caller.post('/revoke-sessions', {}, last);
  await caller.post('/delete-user', password, (await caller.post('/sign-in/email', newcomer)).body.token);
}

/** Changes the account of a user, and requests links, none of which can be mailed here. */
async function walkProfile(caller: Caller, token: string): Promise<void> {
  await caller.get('/list-accounts', token);
  await caller.post('/update-user', { name: 'Ada King', image: null }, token);
  await caller.post('/update-user', {}, token);
  await caller.post('/update-user', { email: 'other@example.com' }, token);
  await caller.post('/verify-password', { password: PASSWORD }, token);
  await caller.post('/verify-password', { password: 'wrong password' }, token);
  await walkLinks(caller, token);
}

async function walkLinks(caller: Caller, token?: string): Promise<void> {
  const dead = `tfl_${'x'.repeat(43)}`;
  await caller.post('/request-password-reset', { email: 'walk@example.com' });
  await caller.post('/request-password-reset', { email: 'walk@example.com', redirectTo: '//evil.example' });
  await caller.get(`/reset-password/${dead}`);
  await caller.post('/reset-password', { token: dead, newPassword: PASSWORD });
  await caller.post('/reset-password', { token: dead, newPassword: 'short' });
  await caller.post('/send-verification-email', { email: 'walk@example.com' }, token);
  await caller.post('/send-verification-email', { email: 'other@example.com' }, token);
  await caller.get(`/verify-email?token=${dead}`);
  await caller.get(`/verify-email?token=${dead}&callbackURL=//evil.example`);
  await caller.post('/change-email', { newEmail: 'other@example.com' }, token);
  await caller.post('/change-email', { newEmail: 'walk@example.com' }, token);
}

/** Registers passkeys, uses them, renames and deletes them, and is refused each in turn. */
async function walkPasskeys(caller: Caller, strong: string): Promise<string> {
  const authenticator = newAuthenticator();
  const options = async (kind: 'register' | 'authenticate', bearer?: string) =>
    (await caller.get<CeremonyOptions>(`/passkey/generate-${kind}-options`, bearer)).body;
  await options('authenticate', strong);
  await options('register', 'nonsense');
  const { body: passkey } = await caller.post<PasskeyBody>(
    '/passkey/verify-registration',
    { response: authenticator.create(await options('register', strong)), name: 'Walker' },
    strong,
  );
  const { id, token: first } = passkey;
  for (const response of [{}, authenticator.create(await options('register', first), { rpId: 'evil.example' })]) {
    await caller.post('/passkey/verify-registration', { response }, first);
  }
  authenticator.credentials.pop();
  const verify = async (response: unknown, bearer?: string) =>
    caller.post<PasskeyBody>('/passkey/verify-authentication', { response }, bearer);
  for (const response of ['none', {}]) await verify(response, first);
  await verify(authenticator.get(await options('authenticate'), { userVerified: false }));
  await verify(authenticator.get(await options('authenticate'), { forged: true }));
  await verify(authenticator.get(await options('authenticate')));
  const { body: lifted } = await verify(authenticator.get(await options('authenticate', first)), first);
  await caller.get('/passkey/list-user-passkeys', lifted.token);
  for (const name of ['Blue key', '']) await caller.post('/passkey/update-passkey', { id, name }, lifted.token);
  await caller.post('/passkey/update-passkey', { id: 'none', name: 'Blue key' }, lifted.token);
  for (const each of ['none', id]) await caller.post('/passkey/delete-passkey', { id: each }, lifted.token);
  return lifted.token;
}

/** Trusts devices, uses them, and revokes them one by one and all at once. */
async function walkDevices(
  caller: Caller,
  app: AuthenticatorApp,
  { email }: { email: string },
  strong: string,
): Promise<string> {
  const trusted = await caller.post('/two-factor/verify-totp', { code: app.nextCode(), trustDevice: true }, strong);
  const { token } = trusted.body;
  const credentials = { email, password: PASSWORD };
  const headers = { 'x-trusted-device': trusted.body.trustedDeviceToken };
  const unasked = await caller.post('/sign-in/email', credentials, undefined, headers);
  await caller.get('/two-factor/status', token);
  const { body: devices } = await caller.get<DeviceBody[]>('/two-factor/trusted-devices', token);
  const [path, foreign] = [devices[0]?.id, randomUUID()].map((id) => `/two-factor/trusted-devices/${id}`);
  await caller.patch(path ?? '', { name: 'Tablet' }, token);
  await caller.patch(path ?? '', { name: '' }, token);
  await caller.patch(foreign ?? '', { name: 'Tablet' }, token);
  await caller.delete(foreign ?? '', token);
  await caller.delete(foreign ?? '', unasked.body.token);
  await caller.delete('/two-factor/trusted-devices', unasked.body.token);
  await caller.delete(path ?? '', unasked.body.token);
  await caller.delete('/two-factor/trusted-devices', token);
  await caller.delete('/two-factor/trusted-devices');
  return token;
}

/** Opens a second session of an account that turns two-factor on in another one. */
async function weakSession(within: TestService, caller: Caller): Promise<string> {
  const owner = await signUp(within);
  const { body: beside } = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
  const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
  const code = new AuthenticatorApp(staged.body.totpURI, within).code();
  await caller.post('/two-factor/verify-totp', { code }, owner.token);
  return beside.token;
}

/** Sends wrong codes until the account is locked. */
async function lockVerification(within: TestService, caller: Caller): Promise<void> {
  const owner = await enrol(within);
  for (let round = 0; round < 2; round++) {
    const challenge = await openChallenge(within, owner);
    for (let guess = 0; guess < 5; guess++) {
      await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, challenge);
    }
  }
  const locked = await caller.post(
    '/two-factor/verify-totp',
    { code: owner.app.code() },
    await openChallenge(within, owner),
  );
  expect(locked.status).toBe(429);
}

function operationOf(method: string, path: string): Operation {
  const operation = operations.get(`${method} ${path}`);
  if (!operation) throw new Error(`The document has no ${method} ${path}`);
  return operation;
}

/** @returns whether an operation is refused without a credential, or with a dead one */
function needsCredential({ security }: Operation): boolean {
  return security.length > 0 && security.every((scheme) => Object.keys(scheme).length > 0);
}

/** Resolves a reference within the document. */
function resolve(schema: AnySchemaObject | undefined): AnySchemaObject {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(String(schema?.['$ref']))?.[1];
  return (name === undefined ? schema : document.components?.schemas?.[name]) ?? {};
}

/** @returns `METHOD /path` of every route that Fastify serves below the base URL, read from the tree that it prints */
function registeredRoutes({ app }: TestService): string[] {
  const tree = app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const parents: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, part, methods] = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?$/.exec(line) ?? [];
    if (indent === undefined || part === undefined) return [];
    const depth = indent.length / 4;
    const path = (parents[depth - 1] ?? '') + part;
    parents[depth] = path;
    if (!path.startsWith('/api/auth/')) return [];
    const documented = path.slice('/api/auth'.length).replaceAll(/:(\w+)/g, '{$1}');
    // Fastify adds HEAD to every GET by itself.
    const own = (methods ?? '').split(', ').filter((method) => method !== '' && method !== 'HEAD');
    return own.map((method) => `${method} ${documented}`);
  });
}
