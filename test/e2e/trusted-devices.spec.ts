import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseSetCookie } from 'cookie';
import { createAuthClient } from 'better-auth/client';
import { twoFactorClient } from 'better-auth/client/plugins';
import { AuthenticatorApp, Browser, Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { passDays, passSeconds, signIn, trust, type DeviceBody } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

const COOKIE = 'trust_device';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const devicesOf = (bearer: string, headers = {}) =>
  caller.get<DeviceBody[]>('/two-factor/trusted-devices', bearer, headers);

/** @returns a browser that the owner has trusted */
async function trustedBrowser(owner: Awaited<ReturnType<typeof enrol>>): Promise<Browser> {
  const browser = new Browser(service);
  await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
  const verified = await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode(), trustDevice: true });
  expect(verified.status).toBe(200);
  return browser;
}

describe('a device that is trusted for 30 days', () => {
  it('signs in without a code at day 29, 58 and 87, because each sign-in extends the trust, but not past day 90', async () => {
    const owner = await enrol(service);
    let { device } = await trust(service, owner);
    const [listed] = (await devicesOf(owner.token)).body;
    expect(daysBetween(listed?.createdAt, listed?.expiresAt)).toBe(30);
    for (const left of [30, 30, 3]) {
      await passDays(service, owner.id, 29);
      const { status, body } = await signIn(service, owner.email, device);
      expect([status, body.twoFactorRedirect, typeof body.token]).toEqual([200, undefined, 'string']);
      device = body.trustedDeviceToken;
      const [now] = (await devicesOf(owner.token)).body;
      expect(daysBetween(new Date().toISOString(), now?.expiresAt)).toBe(left);
    }
    await passDays(service, owner.id, 3);
    expect((await signIn(service, owner.email, device)).body.twoFactorRedirect).toBe(true);
  });

  it('needs a code after 30 days without a sign-in', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    await passDays(service, owner.id, 30);
    expect((await signIn(service, owner.email, device)).body.twoFactorRedirect).toBe(true);
    expect((await devicesOf(owner.token)).body).toEqual([]);
  });

  it('is not trusted without trustDevice, nor by a backup code that opens no session', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const plain = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, challenge);
    expect(plain.body).not.toHaveProperty('trustedDeviceToken');
    expect(plain.headers.getSetCookie().join()).not.toContain(COOKIE);
    const spent = await caller.post(
      '/two-factor/verify-backup-code',
      { code: owner.backupCodes[0], disableSession: true, trustDevice: true },
      owner.token,
    );
    expect(spent.status).toBe(200);
    expect(spent.headers.getSetCookie().join()).not.toContain(COOKIE);
    expect((await devicesOf(owner.token)).body).toEqual([]);
  });

  it('is trusted by a backup code, by a code on a session, and by the code that confirms enrolment', async () => {
    const newcomer = await signUp(service);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, newcomer.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    const enrolled = await caller.post(
      '/two-factor/verify-totp',
      { code: app.code(), trustDevice: true },
      newcomer.token,
    );
    const lifted = await caller.post(
      '/two-factor/verify-totp',
      { code: app.nextCode(), trustDevice: true },
      enrolled.body.token,
    );
    const byBackup = await caller.post(
      '/two-factor/verify-backup-code',
      { code: staged.body.backupCodes[0], trustDevice: true },
      await openChallenge(service, newcomer),
    );
    for (const { body } of [enrolled, lifted, byBackup]) {
      expect((await signIn(service, newcomer.email, body.trustedDeviceToken)).body.token).toBeDefined();
    }
    expect((await devicesOf(lifted.body.token)).body).toHaveLength(3);
  });

  it('is reported to the owner by mail and as an event', async () => {
    const owner = await enrol(service);
    await trust(service, owner);
    await service.messages.mailTo(owner.email, /password alone/);
    expect(service.events).toContainEqual(
      expect.objectContaining({ name: 'two-factor.device-trusted', accountId: owner.id, ip: '127.0.0.1' }),
    );
  });
});

describe('the token of a device', () => {
  it('is replaced at every sign-in', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const first = await signIn(service, owner.email, device);
    const second = await signIn(service, owner.email, first.body.trustedDeviceToken);
    const tokens = [device, first.body.trustedDeviceToken, second.body.trustedDeviceToken];
    expect(new Set(tokens).size).toBe(3);
    for (const token of tokens) expect(token).toMatch(/^tfd_[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/);
    expect(new Set(tokens.map((token) => token.split('.')[0])).size).toBe(1);
  });

  it('is stored by a browser for as long as its device stays trusted, and its last address is recorded', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    await service.query('UPDATE two_factor_trusted_device SET ip_address = NULL WHERE account_id = $1', [owner.id]);
    const browser = new Browser(service);
    browser.cookies.set(COOKIE, device);
    const { headers } = await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const kept = headers
      .getSetCookie()
      .map((line) => parseSetCookie(line))
      .find(({ name }) => name === COOKIE);
    expect(kept?.maxAge).toBe(30 * 86_400);
    expect((await devicesOf(owner.token)).body).toMatchObject([{ ipAddress: '127.0.0.1' }]);
  });

  it('still signs in for a minute after it was replaced, and gets no successor then', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { trustedDeviceToken: next } = (await signIn(service, owner.email, device)).body;
    await passSeconds(service, owner.id, 50);
    const late = await signIn(service, owner.email, device);
    expect(late.body.token).toBeDefined();
    expect(late.body).not.toHaveProperty('trustedDeviceToken');
    expect(late.headers.getSetCookie().join()).not.toContain(COOKIE);
    // Each token has its own minute, however often its successors are replaced in that time.
    const { trustedDeviceToken: afterNext } = (await signIn(service, owner.email, next)).body;
    expect((await signIn(service, owner.email, device)).body.token).toBeDefined();
    expect((await signIn(service, owner.email, afterNext)).body.token).toBeDefined();
  });

  it('revokes the device and notifies the owner when it is used after that minute', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { trustedDeviceToken: next } = (await signIn(service, owner.email, device)).body;
    await passSeconds(service, owner.id, 61);
    const reused = await signIn(service, owner.email, device);
    expect(reused.body.twoFactorRedirect).toBe(true);
    expect((await signIn(service, owner.email, next)).body.twoFactorRedirect).toBe(true);
    expect((await devicesOf(owner.token)).body).toEqual([]);
    await service.messages.mailTo(owner.email, /outdated copy/);
    const told = service.events.filter(({ name, accountId }) => accountId === owner.id && name.includes('reused'));
    expect(told).toHaveLength(1);
  });

  it('is not stored in the database', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const [row] = await service.query<{ row: string }>(
      'SELECT d::text AS row FROM two_factor_trusted_device d WHERE account_id = $1',
      [owner.id],
    );
    expect(row?.row).not.toContain(device.slice(4, 20));
    for (const part of device.slice(4).split('.')) {
      expect(row?.row).not.toContain(Buffer.from(part, 'base64url').toString('hex').slice(0, 16));
    }
  });
});

describe('a browser', () => {
  it('stores the token in a cookie of 30 days that scripts cannot read', async () => {
    const owner = await enrol(service);
    const browser = new Browser(service);
    await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const verified = await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode(), trustDevice: true });
    expect(verified.body).not.toHaveProperty('trustedDeviceToken');
    const line = verified.headers.getSetCookie().find((cookie) => cookie.startsWith(COOKIE)) ?? '';
    expect(parseSetCookie(line)).toMatchObject({ httpOnly: true, sameSite: 'lax', path: '/', maxAge: 30 * 86_400 });
    const before = browser.cookies.get(COOKIE);
    const again = await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(again.body).toMatchObject({ redirect: false, token: expect.any(String) });
    expect(again.body).not.toHaveProperty('trustedDeviceToken');
    expect(browser.cookies.get(COOKIE)).not.toBe(before);
  });

  it('deletes a cookie that is not valid for the account', async () => {
    const [owner, other] = [await enrol(service), await enrol(service)];
    const browser = await trustedBrowser(owner);
    const answer = await browser.post('/sign-in/email', { email: other.email, password: PASSWORD });
    expect(answer.body.twoFactorRedirect).toBe(true);
    expect(browser.cookies.has(COOKIE)).toBe(false);
  });

  it('counts as one device, however often it is trusted', async () => {
    const owner = await enrol(service);
    const browser = await trustedBrowser(owner);
    await browser.post('/two-factor/verify-totp', { code: owner.app.nextCode(), trustDevice: true });
    expect((await devicesOf(owner.token)).body).toHaveLength(1);
    const scopes = await service.query('SELECT FROM two_factor_attempts WHERE account_id = $1', [owner.id]);
    expect(scopes).toHaveLength(2);
  });

  it('is trusted through the official client', async () => {
    const owner = await enrol(service);
    const browser = new Browser(service);
    const client = createAuthClient({
      baseURL: service.url,
      fetchOptions: { customFetchImpl: browser.fetch },
      plugins: [twoFactorClient()],
    });
    await client.signIn.email({ email: owner.email, password: PASSWORD });
    const verified = await client.twoFactor.verifyTotp({ code: owner.app.nextCode(), trustDevice: true });
    expect(verified.error).toBeNull();
    await client.signOut();
    const unasked = await client.signIn.email({ email: owner.email, password: PASSWORD });
    expect(unasked.data).toMatchObject({ redirect: false, token: expect.any(String) });
    expect((await client.getSession()).data?.user.email).toBe(owner.email);
  });
});

describe('the list of devices', () => {
  it('names each device, and marks the one that sent the request', async () => {
    const owner = await enrol(service);
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0';
    const { session, device } = await trust(service, owner, { 'user-agent': firefox });
    const other = await trust(service, owner, { 'user-agent': 'curl/8.5.0' });
    const { status, body } = await devicesOf(session);
    expect(status).toBe(200);
    expect(body).toEqual([
      { ...anyDevice, name: 'curl', current: false },
      { ...anyDevice, name: 'Firefox on Linux', current: true },
    ]);
    // On a session that was opened otherwise, the token of the request identifies the device.
    const [byToken] = (await devicesOf(owner.token, { 'x-trusted-device': other.device })).body;
    expect(byToken).toMatchObject({ name: 'curl', current: true });
    expect((await devicesOf(owner.token)).body.filter(({ current }) => current)).toEqual([]);
    const weak = (await signIn(service, owner.email, device)).body.token;
    const [used] = (await devicesOf(weak)).body;
    expect(used).toMatchObject({ name: 'Firefox on Linux', current: true });
  });

  it('renames a device', async () => {
    const [owner, other] = [await enrol(service), await enrol(service)];
    const { session } = await trust(service, owner);
    const [device] = (await devicesOf(session)).body;
    const path = `/two-factor/trusted-devices/${device?.id}`;
    const renamed = await caller.patch(path, { name: 'Kitchen tablet' }, session);
    expect(renamed).toMatchObject({ status: 200, body: { id: device?.id, name: 'Kitchen tablet', current: true } });
    for (const name of ['', '   ', 'x'.repeat(101), 'a\nb', 7, null]) {
      expect((await caller.patch(path, { name }, session)).body.code).toBe('VALIDATION_ERROR');
    }
    expect(await caller.patch(path, { name: 'Mine' }, other.token)).toMatchObject(NOT_FOUND);
    expect((await devicesOf(session)).body[0]?.name).toBe('Kitchen tablet');
  });

  it('revokes the current device from any session, and another device from a strong session', async () => {
    const owner = await enrol(service);
    const [laptop, phone] = [await trust(service, owner), await trust(service, owner)];
    const weak = await signIn(service, owner.email, laptop.device);
    const bearer = weak.body.token;
    const list = (await devicesOf(bearer)).body;
    const path = (current: boolean) => `/two-factor/trusted-devices/${list.find((one) => one.current === current)?.id}`;
    expect(await caller.delete(path(false), bearer)).toMatchObject({
      status: 403,
      body: { code: 'SECOND_FACTOR_REQUIRED' },
    });
    expect(await caller.delete(path(true), bearer)).toMatchObject({ status: 200, body: { status: true } });
    expect((await signIn(service, owner.email, weak.body.trustedDeviceToken)).body.twoFactorRedirect).toBe(true);
    expect((await signIn(service, owner.email, phone.device)).body.token).toBeDefined();
    expect(await caller.delete(path(false), owner.token)).toMatchObject({ status: 200 });
    expect((await devicesOf(owner.token)).body).toEqual([]);
    const scopes = await service.query('SELECT scope FROM two_factor_attempts WHERE account_id = $1', [owner.id]);
    expect(scopes).toEqual([{ scope: 'account' }]);
  });

  it('revokes all devices from a strong session', async () => {
    const owner = await enrol(service);
    const browser = await trustedBrowser(owner);
    const { device } = await trust(service, owner);
    const weak = (await signIn(service, owner.email, device)).body;
    expect((await caller.delete('/two-factor/trusted-devices', weak.token)).status).toBe(403);
    const revoked = await browser.delete('/two-factor/trusted-devices');
    expect(revoked).toMatchObject({ status: 200, body: { status: true } });
    expect(browser.cookies.has(COOKIE)).toBe(false);
    expect((await signIn(service, owner.email, weak.trustedDeviceToken)).body.twoFactorRedirect).toBe(true);
  });

  it('responds alike to ids of other accounts and unknown ids', async () => {
    const [owner, other] = [await enrol(service), await enrol(service)];
    const { session } = await trust(service, owner);
    const [device] = (await devicesOf(session)).body;
    for (const id of [device?.id, '8f5a2f0e-3c56-4b0b-9b5c-0c3a4d1f7a55', 'nonsense', "'"]) {
      const path = `/two-factor/trusted-devices/${id}`;
      expect(await caller.delete(path, other.token)).toMatchObject(NOT_FOUND);
      expect(await caller.patch(path, { name: 'x' }, other.token)).toMatchObject(NOT_FOUND);
    }
    expect((await devicesOf(session)).body).toHaveLength(1);
  });
});

const NOT_FOUND = { status: 404, body: { code: 'TRUSTED_DEVICE_NOT_FOUND' } };

const anyDevice = {
  id: expect.any(String),
  createdAt: expect.any(String),
  lastUsedAt: expect.any(String),
  expiresAt: expect.any(String),
  ipAddress: '127.0.0.1',
};

function daysBetween(from: string | undefined, to: string | undefined): number {
  return Math.round((Date.parse(to ?? '') - Date.parse(from ?? '')) / 86_400_000);
}
