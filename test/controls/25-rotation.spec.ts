import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Browser, Caller, enrol, PASSWORD, signUp } from '../support/client.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

/** Returns the id of the account whose session the token opens, or null when the token opens none. */
const ownerOf = async (token: string) =>
  (await caller.get<{ user: { id: string } } | null>('/get-session', token)).body?.user.id ?? null;
const idOf = async (token: string) =>
  (await caller.get<{ session: { id: string } } | null>('/get-session', token)).body?.session.id;

/** Runs `work` and expects a new token for the same session. The old token must be invalid everywhere. */
async function expectRotated(ownerId: string, old: string, work: () => Promise<{ body: { token: string } }>) {
  const session = await idOf(old);
  const { body } = await work();
  expect(body.token).not.toBe(old);
  expect(await ownerOf(old)).toBeNull();
  expect((await caller.get('/list-sessions', old)).status).toBe(401);
  expect(await ownerOf(body.token)).toBe(ownerId);
  expect(await idOf(body.token)).toBe(session);
  return body.token;
}

describe('control 25: a session’s token changes with its rights, and the client never chooses it [ASVS 7.2.4]', () => {
  it('replaces the token at enabling, step-up and disabling, and keeps the id of the session', async () => {
    const owner = await signUp(service);
    const { body } = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    // Staging changes no right.
    expect(await ownerOf(owner.token)).toBe(owner.id);
    const app = new AuthenticatorApp(body.totpURI, service);
    const verify = (path: string, code: string | undefined, bearer: string) => () =>
      caller.post(path, { code }, bearer);
    let token = await expectRotated(
      owner.id,
      owner.token,
      verify('/two-factor/verify-totp', app.nextCode(), owner.token),
    );
    token = await expectRotated(owner.id, token, verify('/two-factor/verify-totp', app.nextCode(), token));
    const [code] = body.backupCodes;
    token = await expectRotated(owner.id, token, verify('/two-factor/verify-backup-code', code, token));
    await expectRotated(owner.id, token, () => caller.post('/two-factor/disable', { password: PASSWORD }, token));
  });

  it('replaces the token when the password changes and the caller asks for it', async () => {
    const owner = await signUp(service);
    await expectRotated(owner.id, owner.token, () =>
      caller.post(
        '/change-password',
        { currentPassword: PASSWORD, newPassword: 'another horse battery', revokeOtherSessions: true },
        owner.token,
      ),
    );
  });

  it('mints a new token at every sign-in, and ends the session that came as a cookie', async () => {
    const owner = await signUp(service);
    const browser = new Browser(service);
    const signIn = async () => {
      await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
      return browser.cookies.get('session_token') ?? '';
    };
    const [first, second] = [await signIn(), await signIn()];
    expect(second).not.toBe(first);
    expect(await ownerOf(first)).toBeNull();
    expect(await ownerOf(second)).toBe(owner.id);
  });

  it('never adopts a planted token at sign-in, at sign-up or at the second factor', async () => {
    const planted = `tfs_${'P'.repeat(43)}`;
    const headers = { cookie: `session_token=${planted}`, origin: TRUSTED_ORIGIN };
    const owner = await signUp(service);
    const signIn = await caller.post(
      '/sign-in/email',
      { email: owner.email, password: PASSWORD, token: planted },
      undefined,
      headers,
    );
    expect(signIn.body.token).not.toBe(planted);
    const email = 'planted@example.com';
    const signUpAnswer = await caller.post(
      '/sign-up/email',
      { email, password: PASSWORD, name: 'P', token: planted },
      undefined,
      headers,
    );
    expect(signUpAnswer.body.token).not.toBe(planted);
    const enrolled = await enrol(service);
    const { body } = await caller.post(
      '/sign-in/email',
      { email: enrolled.email, password: PASSWORD },
      undefined,
      headers,
    );
    const verified = await caller.post('/two-factor/verify-totp', { code: enrolled.app.nextCode() }, undefined, {
      ...headers,
      cookie: `session_token=${planted}; two_factor=${body.twoFactorToken}`,
    });
    expect(verified.status).toBe(200);
    expect(verified.body.token).not.toBe(planted);
    expect(await ownerOf(planted)).toBeNull();
  });

  it('gives an attacker whose live session was planted as a cookie nothing of the victim’s sign-in', async () => {
    const [attacker, victim] = [await signUp(service), await enrol(service)];
    const browser = new Browser(service);
    browser.cookies.set('session_token', attacker.token);
    await browser.post('/sign-in/email', { email: victim.email, password: PASSWORD });
    const verified = await browser.post('/two-factor/verify-totp', { code: victim.app.nextCode() });
    expect(verified.body.user.id).toBe(victim.id);
    expect(await ownerOf(attacker.token)).toBeNull();
    expect(browser.cookies.get('session_token')).not.toBe(attacker.token);
  });
});
