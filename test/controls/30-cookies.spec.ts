import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseSetCookie } from 'cookie';
import { Browser, Caller, enrol, PASSWORD, signUp } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let secure: TestService;
let plain: TestService;
beforeAll(async () => {
  secure = await startTestService({ config: { baseUrl: 'https://auth.example.com' } });
  plain = await startTestService({ replicaOf: secure });
});
afterAll(async () => {
  await plain.close();
  await secure.close();
});

/** A browser that records every `Set-Cookie` line. */
class Witness extends Browser {
  readonly lines: string[] = [];

  protected override received(response: Response): void {
    this.lines.push(...response.headers.getSetCookie());
    super.received(response);
  }
}

/** Uses every route that sets or ends a cookie. */
async function life(service: TestService): Promise<Witness> {
  const owner = await enrol(service);
  const browser = new Witness(service);
  const credentials = { email: owner.email, password: PASSWORD };
  await browser.post('/sign-in/email', credentials);
  await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode(), trustDevice: true });
  await browser.post('/sign-in/email', credentials);
  await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() });
  await browser.delete('/two-factor/trusted-devices');
  await browser.post('/sign-in/email', credentials);
  await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode() });
  await browser.post('/two-factor/disable', { password: PASSWORD });
  await browser.post('/sign-out');
  await browser.post('/sign-up/email', { email: `new-${owner.email}`, password: PASSWORD, name: 'New' });
  return browser;
}

describe('control 30: only the host itself sets its cookies, and no script reads them [ASVS 3.3]', () => {
  it('sets every cookie on https with __Host-, Secure, HttpOnly, SameSite and Path=/, and without Domain', async () => {
    const { lines } = await life(secure);
    const names = new Set<string>();
    for (const line of lines) {
      const cookie = parseSetCookie(line);
      names.add(cookie.name);
      expect([line, cookie]).toEqual([
        line,
        expect.objectContaining({
          name: expect.stringMatching(/^__Host-/),
          secure: true,
          httpOnly: true,
          sameSite: 'lax',
          path: '/',
        }),
      ]);
      expect(cookie.domain).toBeUndefined();
    }
    expect([...names].toSorted()).toEqual(['__Host-session_token', '__Host-trust_device', '__Host-two_factor']);
  });

  it('leaves out on http only what http cannot have', async () => {
    const { lines } = await life(plain);
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines) {
      const cookie = parseSetCookie(line);
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'lax', path: '/' });
      expect([cookie.domain, cookie.secure]).toEqual([undefined, undefined]);
    }
  });

  it('ends a cookie with the same attributes, because a browser would keep it otherwise', async () => {
    const { lines } = await life(secure);
    const ended = lines.map((line) => parseSetCookie(line)).filter(({ maxAge }) => maxAge === 0);
    expect(new Set(ended.map(({ name }) => name)).size).toBe(3);
    for (const { value, secure: isSecure } of ended) expect([value, isSecure]).toEqual(['', true]);
  });

  it('sets a session cookie that ends with the browser when rememberMe is false', async () => {
    const owner = await signUp(secure);
    const { headers } = await new Caller(secure).post('/sign-in/email', {
      email: owner.email,
      password: PASSWORD,
      rememberMe: false,
    });
    const [line = ''] = headers.getSetCookie();
    expect(parseSetCookie(line)).toMatchObject({ name: '__Host-session_token' });
    expect(line).not.toMatch(/max-age|expires/i);
  });

  it('does not read a cookie without the prefix on https', async () => {
    const owner = await signUp(secure);
    const shows = async (name: string) =>
      (await new Caller(secure).get('/get-session', undefined, { cookie: `${name}=${owner.token}` })).body;
    expect(await shows('session_token')).toBeNull();
    expect(await shows('__Secure-session_token')).toBeNull();
    expect(await shows('__Host-session_token')).toMatchObject({ user: { id: owner.id } });
  });
});
