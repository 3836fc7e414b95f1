import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createAuthClient } from 'better-auth/client';
import { twoFactorClient } from 'better-auth/client/plugins';
import { AuthenticatorApp, Browser, Caller, PASSWORD } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

type RedirectListener = NonNullable<NonNullable<Parameters<typeof twoFactorClient>[0]>['onTwoFactorRedirect']>;

/** The official client on a page in a browser, where the browser handles cookies. */
function withCookies() {
  const browser = new Browser(service);
  const onTwoFactorRedirect = jest.fn<RedirectListener>();
  const client = createAuthClient({
    baseURL: service.url,
    fetchOptions: { customFetchImpl: browser.fetch },
    plugins: [twoFactorClient({ onTwoFactorRedirect })],
  });
  return { browser, client, onTwoFactorRedirect };
}

/** The official client, configured as its documentation of the bearer plug-in shows. It stores no cookie. */
function withBearer() {
  const kept = { token: '' };
  const client = createAuthClient({
    baseURL: service.url,
    fetchOptions: {
      auth: { type: 'Bearer', token: () => kept.token },
      onSuccess: ({ response }) => {
        kept.token = response.headers.get('set-auth-token') ?? kept.token;
      },
    },
    plugins: [twoFactorClient()],
  });
  return { kept, client };
}

type Client = ReturnType<typeof withCookies>['client'];

let people = 0;

/** Signs up, enables and confirms two-factor with the client alone. */
async function enrolled(client: Client) {
  const email = `official${++people}@example.com`;
  const signedUp = await client.signUp.email({ name: 'Ada', email, password: PASSWORD });
  expect(signedUp.error).toBeNull();
  const { data, error } = await client.twoFactor.enable({ password: PASSWORD });
  expect(error).toBeNull();
  if (!data || !('totpURI' in data)) throw new Error('No authenticator was staged');
  const app = new AuthenticatorApp(data.totpURI, service);
  const confirmed = await client.twoFactor.verifyTotp({ code: app.code() });
  expect(confirmed.error).toBeNull();
  return { email, app, backupCodes: data.backupCodes, password: PASSWORD };
}

describe('the official client in a browser', () => {
  it('enrols and is asked for the second factor at sign-in', async () => {
    const { client, browser, onTwoFactorRedirect } = withCookies();
    const owner = await enrolled(client);
    expect((await client.getSession()).data?.user).toMatchObject({ email: owner.email, twoFactorEnabled: true });
    expect(onTwoFactorRedirect).not.toHaveBeenCalled();

    await client.signOut();
    const signIn = await client.signIn.email({ email: owner.email, password: PASSWORD });
    expect(signIn.data).toMatchObject({ twoFactorRedirect: true, twoFactorMethods: ['totp'] });
    expect(onTwoFactorRedirect.mock.calls).toEqual([[{ twoFactorMethods: ['totp'] }]]);
    expect((await client.getSession()).data).toBeNull();
    expect([...browser.cookies.keys()]).toEqual([expect.stringContaining('two_factor')]);

    const verified = await client.twoFactor.verifyTotp({ code: owner.app.nextCode(), trustDevice: false });
    expect(verified).toMatchObject({ error: null, data: { user: { email: owner.email } } });
    expect((await client.getSession()).data?.session.token).toBe(verified.data?.token);
    expect([...browser.cookies.keys()].filter((name) => name.includes('two_factor'))).toEqual([]);
  });

  it('signs in by a backup code', async () => {
    const { client } = withCookies();
    const { email, backupCodes } = await enrolled(client);
    await client.signOut();
    await client.signIn.email({ email, password: PASSWORD });
    const verified = await client.twoFactor.verifyBackupCode({ code: backupCodes[0] ?? '' });
    expect(verified).toMatchObject({ error: null, data: { user: { email } } });
    expect((await client.getSession()).data?.user.email).toBe(email);
  });

  it('shows the authenticator again, replaces backup codes and disables two-factor', async () => {
    const { client } = withCookies();
    const { email, backupCodes } = await enrolled(client);
    const shown = await client.twoFactor.getTotpUri({ password: PASSWORD });
    expect(shown.data?.totpURI).toMatch(/^otpauth:\/\/totp\//);
    const replaced = await client.twoFactor.generateBackupCodes({ password: PASSWORD });
    expect(replaced.data).toMatchObject({ status: true, backupCodes: expect.arrayContaining([expect.any(String)]) });
    expect(replaced.data?.backupCodes).not.toEqual(backupCodes);
    expect((await client.twoFactor.disable({ password: PASSWORD })).data).toMatchObject({ status: true });
    expect((await client.getSession()).data?.user).toMatchObject({ twoFactorEnabled: false });
    await client.signOut();
    const signIn = await client.signIn.email({ email, password: PASSWORD });
    expect(signIn.data).toMatchObject({ redirect: false, token: expect.any(String) });
  });

  it('stays strong when its password changes and other sessions end', async () => {
    const { client } = withCookies();
    const { email, app } = await enrolled(client);
    const elsewhere = withCookies().client;
    await elsewhere.signIn.email({ email, password: PASSWORD });
    await elsewhere.twoFactor.verifyTotp({ code: app.nextCode() });
    const { data: sessions } = await client.listSessions();
    expect(sessions).toHaveLength(2);
    const own = (await client.getSession()).data?.session.id;
    const handle = sessions?.find(({ id }) => id !== own)?.token ?? '';
    expect((await client.revokeSession({ token: handle })).data).toEqual({ status: true });
    expect((await elsewhere.getSession()).data).toBeNull();
    expect((await client.revokeOtherSessions()).data).toEqual({ status: true });
    const newPassword = 'an even better passphrase';
    const change = { currentPassword: PASSWORD, newPassword, revokeOtherSessions: true };
    expect((await client.changePassword(change)).error).toBeNull();
    expect((await client.twoFactor.getTotpUri({ password: newPassword })).error).toBeNull();
  });

  it('receives every error with its code', async () => {
    const { client } = withCookies();
    const codes = client.$ERROR_CODES;
    const { email, app, backupCodes } = await enrolled(client);
    const password = 'wrong password';
    for (const answer of [
      await client.twoFactor.enable({ password }),
      await client.twoFactor.disable({ password }),
      await client.twoFactor.getTotpUri({ password }),
      await client.twoFactor.generateBackupCodes({ password }),
    ]) {
      expect(answer.error).toMatchObject({ status: 400, code: codes.INVALID_PASSWORD.code });
    }
    expect((await client.twoFactor.sendOtp()).error).toMatchObject({ status: 400, code: 'OTP_NOT_CONFIGURED' });

    await client.signOut();
    const nobody = await client.twoFactor.verifyTotp({ code: app.code() });
    expect(nobody.error).toMatchObject({ status: 401 });

    await client.signIn.email({ email, password: PASSWORD });
    const wrongTotp = await client.twoFactor.verifyTotp({ code: app.wrongCode() });
    expect(wrongTotp.error).toMatchObject({ status: 401, code: codes.INVALID_CODE.code });
    for (let guess = 2; guess <= 5; guess++) {
      const wrongBackup = await client.twoFactor.verifyBackupCode({ code: 'wrong' });
      expect(wrongBackup.error).toMatchObject({ status: 401, code: codes.INVALID_BACKUP_CODE.code });
    }
    const exhausted = await client.twoFactor.verifyBackupCode({ code: backupCodes[0] ?? '' });
    expect(exhausted.error).toMatchObject({ status: 400, code: codes.TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE.code });
    const burnt = await client.twoFactor.verifyBackupCode({ code: backupCodes[0] ?? '' });
    expect(burnt.error).toMatchObject({ status: 401, code: codes.INVALID_TWO_FACTOR_COOKIE.code });

    await client.signIn.email({ email, password: PASSWORD });
    await client.twoFactor.verifyTotp({ code: app.nextCode() });
    await client.twoFactor.disable({ password: PASSWORD });
    const off = await client.twoFactor.generateBackupCodes({ password: PASSWORD });
    expect(off.error).toMatchObject({ status: 400, code: codes.TWO_FACTOR_NOT_ENABLED.code });
    const none = await client.twoFactor.getTotpUri({ password: PASSWORD });
    expect(none.error).toMatchObject({ status: 400, code: codes.TOTP_NOT_ENABLED.code });
  });

  it('reads from Retry-After how long a lock lasts', async () => {
    const { client } = withCookies();
    const { email, app } = await enrolled(client);
    await client.signOut();
    for (let guess = 0; guess < 10; guess++) {
      if (guess % 5 === 0) await client.signIn.email({ email, password: PASSWORD });
      await client.twoFactor.verifyTotp({ code: app.wrongCode() });
    }
    await client.signIn.email({ email, password: PASSWORD });
    let retryAfter: string | null = null;
    const locked = await client.twoFactor.verifyTotp({
      code: app.nextCode(),
      fetchOptions: { onError: ({ response }) => void (retryAfter = response.headers.get('retry-after')) },
    });
    expect(locked.error).toMatchObject({ status: 429, code: client.$ERROR_CODES.ACCOUNT_TEMPORARILY_LOCKED.code });
    expect(Number(retryAfter)).toBeGreaterThan(0);
  });
});

describe('the official client with a bearer token and no cookies', () => {
  it('enrols, signs out, signs in and disables two-factor', async () => {
    const { client, kept } = withBearer();
    const owner = await enrolled(client);
    const strong = kept.token;
    expect((await client.getSession()).data?.user).toMatchObject({ email: owner.email, twoFactorEnabled: true });
    expect((await client.twoFactor.generateBackupCodes({ password: PASSWORD })).error).toBeNull();

    await client.signOut();
    expect((await new Caller(service).get('/get-session', strong)).body).toBeNull();
    const signIn = await client.signIn.email({ email: owner.email, password: PASSWORD });
    // Responses add members that the official client does not know.
    const { twoFactorToken } = signIn.data as unknown as { twoFactorToken: string };
    kept.token = twoFactorToken;
    const verified = await client.twoFactor.verifyTotp({ code: owner.app.nextCode() });
    expect(verified.error).toBeNull();
    expect(kept.token).toBe(verified.data?.token);
    expect((await client.getSession()).data?.session.token).toBe(kept.token);

    expect((await client.twoFactor.disable({ password: PASSWORD })).error).toBeNull();
    expect((await client.getSession()).data?.user).toMatchObject({ twoFactorEnabled: false });
  });
});
