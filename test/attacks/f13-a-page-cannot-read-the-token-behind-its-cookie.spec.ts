import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Browser,
  Caller,
  enrol,
  openChallenge,
  PASSWORD,
  signUp,
  type AnyBody,
  type Answer,
  type EnrolledOwner,
} from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

const tokenOf = (browser: Browser) => decodeURIComponent(browser.cookies.get('session_token') ?? '');

describe('F13: a page cannot read the token behind its cookie', () => {
  let service: TestService;
  let caller: Caller;

  beforeAll(async () => {
    service = await startTestService({ messages: true });
    caller = new Caller(service);
  });

  afterAll(() => service.close());

  /** Returns a browser with the owner's session in its cookie. */
  function browserOf({ token }: { token: string }): Browser {
    const browser = new Browser(service);
    browser.cookies.set('session_token', token);
    return browser;
  }

  /** Expects a new live session in the cookie, and its id in the field that gives programs the token. */
  async function expectHidden(answer: Answer<AnyBody>, browser: Browser): Promise<void> {
    expect(answer.status).toBe(200);
    const token = tokenOf(browser);
    const { body } = await caller.get<{ session: { id: string } }>('/get-session', token);
    expect(answer.body.token).toBe(body.session.id);
    expect(JSON.stringify(answer.body)).not.toContain(token);
  }

  it('shows the id of the session on get-session, unless the token came as bearer token', async () => {
    const { token } = await signUp(service);
    const byCookie = await browserOf({ token }).get('/get-session');
    expect(byCookie.body.session?.token).toBe(byCookie.body.session?.['id']);
    expect(JSON.stringify(byCookie.body)).not.toContain(token);
    const dead = await browserOf({ token }).get('/get-session', `tfs_${'x'.repeat(43)}`);
    expect(dead.body.session?.token).toBe(dead.body.session?.['id']);
    expect((await caller.get('/get-session', token)).body.session?.token).toBe(token);
    expect((await browserOf({ token }).get('/get-session', token)).body.session?.token).toBe(token);
  });

  it('revokes and finds no session by the id that a page sees', async () => {
    const { token } = await signUp(service);
    const browser = browserOf({ token });
    const id = (await browser.get('/get-session')).body.session?.token ?? '';
    expect((await caller.get('/list-sessions', id)).status).toBe(401);
    expect((await browser.post('/revoke-session', { token: id })).body).toEqual({ status: true });
    expect((await caller.get('/list-sessions', token)).status).toBe(401);
  });

  it('hides the token of a sign-up and a sign-in from pages that send cookies', async () => {
    const browser = new Browser(service);
    browser.cookies.set('theme', 'dark');
    const email = 'page@example.com';
    await expectHidden(await browser.post('/sign-up/email', { email, password: PASSWORD, name: 'Page' }), browser);
    await expectHidden(await browser.post('/sign-in/email', { email, password: PASSWORD }), browser);
    const program = await caller.post('/sign-in/email', { email, password: PASSWORD });
    expect((await caller.get('/list-sessions', program.body.token)).status).toBe(200);
  });

  const mailedCode = async ({ email }: EnrolledOwner, browser: Browser): Promise<string> => {
    expect((await browser.post('/two-factor/send-otp')).status).toBe(200);
    return service.messages.codeMailedTo(email);
  };

  const proofs: Array<[path: string, proof: (owner: EnrolledOwner, browser: Browser) => string | Promise<string>]> = [
    ['verify-totp', ({ app }) => app.nextCode()],
    ['verify-otp', mailedCode],
    ['verify-backup-code', ({ backupCodes }) => backupCodes[0] ?? ''],
  ];

  it.each(proofs)('hides the token that %s returns for a challenge and for a session', async (path, proof) => {
    const owner = await enrol(service);
    const browser = new Browser(service);
    await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const finished = await browser.post(`/two-factor/${path}`, { code: await proof(owner, browser) });
    await expectHidden(finished, browser);
    if (path === 'verify-backup-code') expect(finished.body.session?.token).toBe(finished.body.token);
    await expectHidden(await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() }), browser);
  });

  it('hides the token that disable and change-password return', async () => {
    const owner = await enrol(service);
    const browser = browserOf(owner);
    const change = { currentPassword: PASSWORD, newPassword: 'an even better passphrase', revokeOtherSessions: true };
    await expectHidden(await browser.post('/change-password', change), browser);
    await expectHidden(await browser.post('/two-factor/disable', { password: change.newPassword }), browser);
  });

  it('gives a page no token when an invalid bearer token comes with its cookie', async () => {
    const owner = await enrol(service);
    const dead = [`tfs_${'x'.repeat(43)}`, `tfc_${'x'.repeat(43)}`, 'nonsense'];
    const browser = browserOf(owner);
    for (const bearer of dead) {
      const code = owner.app.nextCode();
      await expectHidden(await browser.post('/two-factor/verify-totp', { code }, bearer), browser);
    }
    const other = await signUp(service);
    const credentials = { email: other.email, password: PASSWORD };
    await expectHidden(await browser.post('/sign-in/email', credentials, dead[0]), browser);
  });

  it('gives the token to programs, and to clients with a live bearer token beside their cookies', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const finished = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, challenge);
    expect(finished.body.token).toMatch(/^tfs_/);
    const { token } = finished.body;
    const code = { code: owner.backupCodes[0] };
    const lifted = await browserOf({ token }).post('/two-factor/verify-backup-code', code, token);
    expect(lifted.body.token).toMatch(/^tfs_/);
    expect(lifted.body.session?.token).toBe(lifted.body.token);
    expect((await caller.get('/list-sessions', lifted.body.token)).status).toBe(200);
  });

  it('lets pages of other origins read `set-auth-token` only where the operator allows it', async () => {
    const { token } = await signUp(service);
    const exposed = async (of: TestService) =>
      (await new Browser(of).get('/get-session', token)).headers.get('access-control-expose-headers')?.toLowerCase();
    expect(await exposed(service)).toBe('retry-after');
    const open = await startTestService({ replicaOf: service, config: { exposeAuthToken: true } });
    try {
      expect(await exposed(open)).toBe('set-auth-token, retry-after');
    } finally {
      await open.close();
    }
  });
});
