import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthClient } from 'better-auth/client';
import { twoFactorClient } from 'better-auth/client/plugins';
import { Browser, enrol, PASSWORD } from '../../support/client.js';
import { linkMailedTo } from '../../support/links.js';
import { startTestService, type TestService, TRUSTED_ORIGIN } from '../../support/service.js';

/** The unmodified official client, in a browser that stores cookies. */
function officialClient(service: TestService) {
  const browser = new Browser(service);
  const client = createAuthClient({
    baseURL: service.url,
    fetchOptions: { customFetchImpl: browser.fetch },
    plugins: [twoFactorClient()],
  });
  return { browser, client };
}

describe('the official Better Auth client', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startTestService({ messages: true });
  });
  afterAll(() => service.close());

  it('signs up, reads its session, signs out and signs in again', async () => {
    const { client, browser } = officialClient(service);
    const email = 'client@example.com';
    const signedUp = await client.signUp.email({ name: 'Ada', email, password: PASSWORD });
    expect(signedUp.error).toBeNull();
    expect(signedUp.data?.user.email).toBe(email);

    const session = await client.getSession();
    expect(session.data?.user).toMatchObject({ email, name: 'Ada', createdAt: expect.any(Date) });
    // The browser's cookie is the credential. The token that the client shows is not valid as one.
    expect(session.data?.session.token).toBe(session.data?.session.id);
    expect((await client.revokeSession({ token: session.data?.session.token ?? '' })).data).toEqual({ status: true });
    expect(browser.cookies.has('session_token')).toBe(false);
    await client.signIn.email({ email, password: PASSWORD });

    expect((await client.signOut()).data).toMatchObject({ success: true });
    expect(browser.cookies.has('session_token')).toBe(false);
    expect(await client.getSession()).toEqual({ data: null, error: null });

    const signedIn = await client.signIn.email({ email, password: PASSWORD, rememberMe: false });
    expect(signedIn.data).toMatchObject({ redirect: false, token: expect.any(String), user: { email } });
    expect((await client.getSession()).data?.user.email).toBe(email);
  });

  it('receives the codes of errors', async () => {
    const { client } = officialClient(service);
    const body = { name: 'Ada', email: 'errors@example.com', password: PASSWORD };
    await client.signUp.email(body);
    const { $ERROR_CODES: codes } = client;
    const taken = await client.signUp.email(body);
    expect(taken.error).toMatchObject({ status: 422, code: codes.USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL.code });
    const short = await client.signUp.email({ ...body, email: 'short@example.com', password: 'short' });
    expect(short.error).toMatchObject({ status: 400, code: codes.PASSWORD_TOO_SHORT.code });
    const wrong = await client.signIn.email({ email: body.email, password: 'wrong password' });
    expect(wrong.error).toMatchObject({ status: 401, code: codes.INVALID_EMAIL_OR_PASSWORD.code });
    const malformed = await client.signIn.email({ email: 'nobody', password: PASSWORD });
    expect(malformed.error).toMatchObject({ status: 400, code: codes.INVALID_EMAIL.code });
  });

  it('lists and revokes sessions', async () => {
    const email = 'sessions@example.com';
    const phone = officialClient(service);
    await phone.client.signUp.email({ name: 'Ada', email, password: PASSWORD });
    const [laptop, tablet] = [officialClient(service), officialClient(service)];
    for (const { client } of [laptop, tablet]) await client.signIn.email({ email, password: PASSWORD });

    const { data: sessions } = await phone.client.listSessions();
    expect(sessions).toHaveLength(3);
    const laptopId = (await laptop.client.getSession()).data?.session.id;
    const handle = sessions?.find(({ id }) => id === laptopId)?.token ?? '';
    expect((await phone.client.revokeSession({ token: handle })).data).toEqual({ status: true });
    expect((await laptop.client.getSession()).data).toBeNull();

    expect((await phone.client.revokeOtherSessions()).data).toEqual({ status: true });
    expect((await tablet.client.getSession()).data).toBeNull();
    expect((await phone.client.getSession()).data).not.toBeNull();

    expect((await phone.client.revokeSessions()).data).toEqual({ status: true });
    expect((await phone.client.getSession()).data).toBeNull();
  });

  it('changes the password', async () => {
    const { client } = officialClient(service);
    const email = 'password@example.com';
    await client.signUp.email({ name: 'Ada', email, password: PASSWORD });
    const newPassword = 'an even better passphrase';
    const wrong = await client.changePassword({ currentPassword: 'wrong password', newPassword });
    expect(wrong.error).toMatchObject({ status: 400, code: client.$ERROR_CODES.INVALID_PASSWORD.code });
    const changed = await client.changePassword({
      currentPassword: PASSWORD,
      newPassword,
      revokeOtherSessions: true,
    });
    expect(changed.data).toMatchObject({ token: expect.any(String), user: { email } });
    expect((await client.getSession()).data?.session.token).toBe(changed.data?.token);
    const { client: elsewhere } = officialClient(service);
    expect((await elsewhere.signIn.email({ email, password: newPassword })).error).toBeNull();
  });

  it('signs in with a second factor', async () => {
    const owner = await enrol(service);
    const { client, browser } = officialClient(service);
    const { data } = await client.signIn.email({ email: owner.email, password: PASSWORD });
    expect(data).toMatchObject({ twoFactorRedirect: true, twoFactorMethods: ['totp', 'otp'] });
    expect((await client.getSession()).data).toBeNull();
    const verified = await client.twoFactor.verifyTotp({ code: owner.app.nextCode() });
    expect(verified.error).toBeNull();
    expect((await client.getSession()).data?.user).toMatchObject({ email: owner.email, twoFactorEnabled: true });
    expect([...browser.cookies.keys()]).toEqual(['session_token']);
  });

  it('resets a forgotten password on the page that the link leads to', async () => {
    const { client, browser } = officialClient(service);
    const email = 'forgotten@example.com';
    const page = `${TRUSTED_ORIGIN}/reset-password`;
    await client.signUp.email({ name: 'Ada', email, password: PASSWORD });
    await client.signOut();
    expect((await client.requestPasswordReset({ email, redirectTo: page })).data).toMatchObject({ status: true });
    const { path } = await linkMailedTo(service, email);
    const opened = await browser.get(path);
    const token = new URL(opened.headers.get('location') ?? '').searchParams.get('token') ?? '';
    const newPassword = 'an even better passphrase';
    expect((await client.resetPassword({ newPassword, token })).data).toEqual({ status: true });
    expect((await client.getSession()).data).toBeNull();
    expect((await client.signIn.email({ email, password: newPassword })).error).toBeNull();
    const again = await client.resetPassword({ newPassword, token });
    expect(again.error).toMatchObject({ status: 400, code: client.$ERROR_CODES.INVALID_TOKEN.code });
  });

  it('verifies the address, changes it, edits the account and deletes it', async () => {
    const { client } = officialClient(service);
    const [email, newEmail] = ['profile@example.com', 'profile@example.org'];
    await client.signUp.email({ name: 'Ada', email, password: PASSWORD });
    const user = async () => (await client.getSession()).data?.user;

    expect((await client.sendVerificationEmail({ email })).data).toEqual({ status: true });
    const verifying = await linkMailedTo(service, email);
    expect((await client.verifyEmail({ query: { token: verifying.token } })).data).toMatchObject({ status: true });
    expect(await user()).toMatchObject({ email, emailVerified: true });

    expect((await client.changeEmail({ newEmail })).data).toEqual({ status: true });
    expect(await user()).toMatchObject({ email });
    const changing = await linkMailedTo(service, newEmail);
    expect((await client.verifyEmail({ query: { token: changing.token } })).error).toBeNull();
    expect(await user()).toMatchObject({ email: newEmail, emailVerified: true });

    expect((await client.updateUser({ name: 'Ada King', image: null })).data).toEqual({ status: true });
    expect(await user()).toMatchObject({ name: 'Ada King', image: null });
    expect((await client.listAccounts()).data).toEqual([expect.objectContaining({ providerId: 'credential' })]);

    const wrong = await client.deleteUser({ password: 'wrong password' });
    expect(wrong.error).toMatchObject({ status: 400, code: client.$ERROR_CODES.INVALID_PASSWORD.code });
    expect((await client.deleteUser({ password: PASSWORD })).data).toMatchObject({ success: true });
    expect(await user()).toBeUndefined();
  });
});
