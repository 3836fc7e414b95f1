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
} from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

/** Returns the names of the cookies that a response expires. */
function expired({ headers }: Answer<AnyBody>): Array<string | undefined> {
  const lines = headers.getSetCookie().filter((line) => line.includes('Max-Age=0'));
  return lines.map((line) => line.split('=')[0]);
}

describe('F14: signing out always succeeds', () => {
  let service: TestService;
  let caller: Caller;

  beforeAll(async () => {
    service = await startTestService();
    caller = new Caller(service);
  });

  afterAll(() => service.close());

  const isLive = async (token: string) => (await caller.get('/list-sessions', token)).status === 200;

  /** Whether a challenge still evaluates a code. */
  const isOpen = async (challenge: string) =>
    (await caller.post('/two-factor/verify-backup-code', { code: 'wrong' }, challenge)).body.code ===
    'INVALID_BACKUP_CODE';

  function browserWith(cookies: Record<string, string>, origin?: string): Browser {
    const browser = new Browser(service, origin);
    for (const [name, value] of Object.entries(cookies)) browser.cookies.set(name, value);
    return browser;
  }

  const revoked = () => service.events.filter(({ name }) => name === 'session.revoked');

  it('ends the sessions of two accounts when one came as bearer token and one as cookie', async () => {
    const [mine, yours] = [await signUp(service), await signUp(service)];
    const browser = browserWith({ session_token: yours.token });
    const read = await browser.get('/get-session', mine.token);
    expect(read).toMatchObject({ status: 400, body: { code: 'CONTRADICTING_CREDENTIALS' } });
    const before = revoked().length;
    const answer = await browser.post('/sign-out', {}, mine.token);
    expect(answer).toMatchObject({ status: 200, body: { success: true } });
    expect(expired(answer)).toEqual(['session_token']);
    expect(await Promise.all([mine, yours].map(({ token }) => isLive(token)))).toEqual([false, false]);
    const told = revoked().slice(before);
    expect(told.map(({ accountId }) => accountId)).toEqual([mine.id, yours.id]);
    for (const { details } of told) expect(details).toEqual({ by: 'sign-out', sessions: 1 });
  });

  it('ends the challenge of a bearer token', async () => {
    const owner = await enrol(service);
    const [challenge, other] = [await openChallenge(service, owner), await openChallenge(service, owner)];
    expect(await isOpen(challenge)).toBe(true);
    expect((await caller.post('/sign-out', {}, challenge)).body).toEqual({ success: true });
    expect(await Promise.all([challenge, other].map(isOpen))).toEqual([false, true]);
    expect(await isLive(owner.token)).toBe(true);
  });

  it('ends the challenge of a cookie and expires the cookie, even if the request has other credentials', async () => {
    const [owner, stranger] = [await enrol(service), await enrol(service)];
    const session = await signUp(service);
    const [byCookie, byHeader] = [await openChallenge(service, owner), await openChallenge(service, stranger)];
    const browser = browserWith({ session_token: session.token, two_factor: byCookie });
    const answer = await browser.post('/sign-out', {}, byHeader);
    expect(answer).toMatchObject({ status: 200, body: { success: true } });
    expect(expired(answer)).toEqual(['two_factor', 'session_token']);
    expect(await Promise.all([byCookie, byHeader].map(isOpen))).toEqual([false, false]);
    expect(await isLive(session.token)).toBe(false);
  });

  it('answers the same to expired credentials, and emits nothing', async () => {
    const before = revoked().length;
    const browser = browserWith({ session_token: `tfs_${'x'.repeat(43)}`, two_factor: `tfc_${'x'.repeat(43)}` });
    for (const bearer of [undefined, 'nonsense', `tfs_${'y'.repeat(43)}`, `tfc_${'y'.repeat(43)}`]) {
      const answer = await browser.post('/sign-out', {}, bearer);
      expect(answer).toMatchObject({ status: 200, body: { success: true } });
    }
    expect(revoked()).toHaveLength(before);
  });

  it('keeps the device trusted', async () => {
    const owner = await enrol(service);
    const browser = new Browser(service);
    await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode(), trustDevice: true });
    expect(expired(await browser.post('/sign-out'))).toEqual(['session_token']);
    const again = await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(again.body.twoFactorRedirect).toBeUndefined();
  });

  it('refuses a foreign page without a live bearer token, and ends nothing', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const cookies = { session_token: owner.token, two_factor: challenge };
    for (const bearer of [undefined, 'nonsense', `tfs_${'y'.repeat(43)}`, `tfc_${'y'.repeat(43)}`]) {
      const answer = await browserWith(cookies, 'https://evil.example').post('/sign-out', {}, bearer);
      expect(answer).toMatchObject({ status: 403, body: { code: 'INVALID_ORIGIN' } });
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(await isOpen(challenge)).toBe(true);
    expect(await isLive(owner.token)).toBe(true);
  });

  it('emits an event with the cause and the number of the sessions that were revoked', async () => {
    const owner = await signUp(service);
    const signIn = async () =>
      (await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD })).body.token;
    const [second, third] = [await signIn(), await signIn()];
    await signIn();
    const before = revoked().length;
    await caller.post('/revoke-session', { token: second }, owner.token);
    await caller.post('/revoke-session', { token: second }, owner.token);
    await caller.post('/revoke-other-sessions', {}, owner.token);
    await caller.post('/revoke-other-sessions', {}, owner.token);
    expect(await isLive(third)).toBe(false);
    await caller.post('/revoke-sessions', {}, owner.token);
    const told = revoked().slice(before);
    expect(told.map(({ details }) => details)).toEqual([
      { by: 'revoke-session', sessions: 1 },
      { by: 'revoke-other-sessions', sessions: 2 },
      { by: 'revoke-sessions', sessions: 1 },
    ]);
    for (const event of told) {
      expect(event).toMatchObject({ accountId: owner.id, ip: '127.0.0.1', sessionId: expect.any(String) });
    }
  });
});
