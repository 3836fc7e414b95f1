import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Caller, enrol, openChallenge, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { trust } from '../support/devices.js';
import { linkMailedTo } from '../support/links.js';
import { operationsOf } from '../support/openapi.js';
import { startTestService, type TestService } from '../support/service.js';

/*
 * Every route that opens a session requires a challenge first [ASVS 6.3.4]. The routes come from the OpenAPI document,
 * so the test covers a new route without a change in this file.
 */

interface Route {
  readonly method: string;
  readonly path: string;
  readonly fields: string[];
  /** Whether the body of its 200 has a member with a session token. */
  readonly mints: boolean;
}

let service: TestService;
let routes: Route[];
beforeAll(async () => {
  service = await startTestService({ messages: true });
  routes = operationsOf(service).operations.map(({ method, path, fields, answers }) => ({
    method,
    path: path.replace('{id}', randomUUID()),
    fields: Object.keys(fields ?? {}),
    mints: answers.includes('token'),
  }));
});
afterAll(() => service.close());

/** The right value of every field that occurs in any body. A field that is missing here fails the test. */
function valueOf(owner: EnrolledOwner, field: string): unknown {
  const known: Record<string, unknown> = {
    email: owner.email,
    password: PASSWORD,
    currentPassword: PASSWORD,
    newPassword: PASSWORD,
    name: 'Owner',
    // The code is right for another factor. The routes that take a code are called without a challenge.
    code: owner.app.nextCode(),
    image: 'https://example.com/ada.png',
    rememberMe: true,
    revokeOtherSessions: true,
    trustDevice: true,
    disableSession: false,
    token: owner.token,
    newEmail: `${randomUUID()}@example.com`,
    callbackURL: '/docs',
    redirectTo: '/docs',
    issuer: 'Acme',
    method: 'totp',
    channel: 'mail',
    phoneNumber: '+4915112345678',
    // No answer of an authenticator, and no passkey of this owner.
    response: {},
    id: randomUUID(),
  };
  expect(Object.keys(known)).toContain(field);
  return known[field];
}

class Wire extends Caller {
  async drive({ method, path, fields }: Route, owner: EnrolledOwner, bearer?: string) {
    const body = Object.fromEntries(fields.map((field) => [field, valueOf(owner, field)]));
    return this.send<unknown>(method, path, method === 'GET' || method === 'DELETE' ? undefined : body, {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    });
  }
}

/** Returns everything in the response that may be a session token, wherever it is. */
function tokensIn({ headers, body }: { headers: Headers; body: unknown }): string[] {
  const everything = JSON.stringify([[...headers], headers.getSetCookie(), body]);
  return [...new Set([...everything.matchAll(/\btf[a-z]_[A-Za-z0-9_-]{43}/g)].map(([token]) => token))];
}

async function opensSession(tokens: readonly string[]): Promise<boolean> {
  const answers = await Promise.all(tokens.map((token) => new Caller(service).get('/get-session', token)));
  return answers.some(({ body }) => body !== null);
}

const isVerification = ({ path }: Route) => path.startsWith('/two-factor/verify-');

const sessionsOf = async ({ id }: EnrolledOwner) => {
  const rows = await service.query<{ id: string }>('SELECT id FROM sessions WHERE user_id = $1 ORDER BY id', [id]);
  return rows.map((row) => row.id);
};

describe('control 24: every route that mints a session requires a challenge', () => {
  it('finds nine routes in the document that can return a session token', () => {
    expect(routes.filter(({ mints }) => mints).map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        '/sign-up/email',
        '/sign-in/email',
        '/change-password',
        '/two-factor/disable',
        '/two-factor/verify-totp',
        '/two-factor/verify-otp',
        '/two-factor/verify-backup-code',
        '/passkey/verify-registration',
        '/passkey/verify-authentication',
      ]),
    );
    expect(routes.filter(({ mints }) => mints)).toHaveLength(9);
  });

  it('opens no session on any route for a client that knows the right password', async () => {
    expect(routes.length).toBeGreaterThan(20);
    for (const route of routes) {
      const owner = await enrol(service);
      const before = await sessionsOf(owner);
      const answer = await new Wire(service).drive(route, owner);
      const found = { route, opened: await opensSession(tokensIn(answer)), sessions: await sessionsOf(owner) };
      // Revoking or signing out may end the session whose token is a field of the body.
      expect({ ...found, sessions: found.sessions.filter((id) => !before.includes(id)) }).toEqual({
        route,
        opened: false,
        sessions: [],
      });
    }
  });

  it('opens no session on any route for a challenge without a right code', async () => {
    for (const route of routes) {
      const owner = await enrol(service);
      const before = await sessionsOf(owner);
      const challenge = await openChallenge(service, owner);
      const wrong = isVerification(route) ? { ...route, fields: [] } : route;
      const answer = await new Wire(service).drive(wrong, owner, challenge);
      const opened = (await sessionsOf(owner)).filter((id) => !before.includes(id));
      expect({ route, opened, token: await opensSession(tokensIn(answer)) }).toEqual({
        route,
        opened: [],
        token: false,
      });
    }
  });

  it('opens no session through a mailed link, and still requires the second factor afterwards', async () => {
    const links: Array<[string, string, unknown]> = [
      ['POST', '/request-password-reset', {}],
      ['POST', '/send-verification-email', {}],
      ['POST', '/change-email', { newEmail: `${randomUUID()}@example.com` }],
    ];
    for (const [, path, body] of links) {
      const owner = await enrol(service);
      const before = await sessionsOf(owner);
      const asked = await new Caller(service).post(path, { email: owner.email, ...(body as object) }, owner.token);
      const { newEmail = owner.email } = body as { newEmail?: string };
      const link = await linkMailedTo(service, newEmail);
      const opened = await new Caller(service).get(link.path);
      const used = await new Caller(service).post('/reset-password', { token: link.token, newPassword: PASSWORD });
      expect([path, asked.status, opened.status]).toEqual([path, 200, 200]);
      const sessions = (await sessionsOf(owner)).filter((id) => !before.includes(id));
      const tokens = [asked, opened, used].flatMap(tokensIn);
      expect({ path, sessions, opened: await opensSession(tokens) }).toEqual({ path, sessions: [], opened: false });
      const signedIn = await new Caller(service).post('/sign-in/email', { email: newEmail, password: PASSWORD });
      expect([path, signedIn.body.twoFactorRedirect]).toEqual([path, true]);
    }
  });

  it('detects a session that a second factor or a trusted device opened, so the tests above would fail', async () => {
    const owner = await enrol(service);
    const verify = routes.find(({ path }) => path === '/two-factor/verify-totp');
    const signIn = routes.find(({ path }) => path === '/sign-in/email');
    if (!verify || !signIn) throw new Error('The document lacks routes');
    const challenge = await openChallenge(service, owner);
    const verified = await new Wire(service).drive(verify, owner, challenge);
    expect(await opensSession(tokensIn(verified))).toBe(true);
    const { device } = await trust(service, owner);
    const trusted = await new Caller(service).post(signIn.path, { email: owner.email, password: PASSWORD }, undefined, {
      'x-trusted-device': device,
    });
    expect(await opensSession(tokensIn(trusted))).toBe(true);
  });

  it('opens no session for a device token outside of sign-in', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    for (const route of routes.filter(({ path }) => path !== '/sign-in/email')) {
      const answer = await new Wire(service).drive(route, owner, device);
      expect({ route, opened: await opensSession(tokensIn(answer)) }).toEqual({ route, opened: false });
    }
  });

  it('calls the session gateway in two files only, which require the second factor', async () => {
    const files = await readdir('src', { recursive: true, withFileTypes: true });
    const opening: string[] = [];
    for (const file of files.filter(({ name }) => name.endsWith('.ts') && !/\.(?:spec|contract)\.ts$/.test(name))) {
      const path = join(file.parentPath, file.name);
      // Fakes and contract suites for tests of hosts; the module does not import them.
      if (path.includes('/two-factor/testing/')) continue;
      if (/\.issue\(/.test(await readFile(path, 'utf8'))) opening.push(relative('src', path));
    }
    expect(opening.toSorted()).toEqual([
      'two-factor/two-factor.service.ts',
      'two-factor/verification/verification.service.ts',
    ]);
  });
});
