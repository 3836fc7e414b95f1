import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { passkeyClient } from '@better-auth/passkey/client';
import { createAuthClient } from 'better-auth/client';
import { twoFactorClient } from 'better-auth/client/plugins';
import { Browser, PASSWORD } from '../support/client.js';
import { newAuthenticator } from '../support/passkeys.js';
import { startTestService, type TestService } from '../support/service.js';
import { stubNavigator, type SoftwareAuthenticator } from '../support/software-authenticator.js';

let service: TestService;
let authenticator: SoftwareAuthenticator;
let endStub: () => void;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
beforeEach(() => {
  authenticator = newAuthenticator({ synced: true });
  endStub = stubNavigator(() => authenticator);
});
afterEach(() => endStub());

/** The official client on a page in a browser, where the browser handles cookies. */
function withCookies() {
  const browser = new Browser(service);
  const client = createAuthClient({
    baseURL: service.url,
    fetchOptions: { customFetchImpl: browser.fetch },
    plugins: [twoFactorClient(), passkeyClient()],
  });
  return { browser, client };
}

/** The official client with bearer tokens and no cookie. */
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
    plugins: [twoFactorClient(), passkeyClient()],
  });
  return { kept, client };
}

let people = 0;
const newEmail = () => `passkey${++people}@example.com`;

type Client = ReturnType<typeof withCookies>['client'];

async function registered(client: Client) {
  const email = newEmail();
  expect((await client.signUp.email({ name: 'Ada', email, password: PASSWORD })).error).toBeNull();
  const added = await client.passkey.addPasskey({ name: 'Blue key' });
  expect(added).toMatchObject({ error: null, data: { name: 'Blue key', backedUp: true, deviceType: 'multiDevice' } });
  return { email, added: added.data as unknown as { id: string; backupCodes: string[] } };
}

describe('the official client of passkeys in a browser', () => {
  it('adds a passkey, which turns two-factor on, and finishes the next sign-in with it', async () => {
    const { client, browser } = withCookies();
    const { email, added } = await registered(client);
    expect(added.backupCodes).toHaveLength(10);
    expect((await client.getSession()).data?.user).toMatchObject({ email, twoFactorEnabled: true });

    await client.signOut();
    const signIn = await client.signIn.email({ email, password: PASSWORD });
    expect(signIn.data).toMatchObject({ twoFactorRedirect: true, twoFactorMethods: ['passkey'] });
    expect((await client.getSession()).data).toBeNull();
    const verified = await client.signIn.passkey();
    expect(verified).toMatchObject({ error: null, data: { user: { email } } });
    expect((await client.getSession()).data?.user).toMatchObject({ email });
    expect([...browser.cookies.keys()].filter((name) => name.includes('two_factor'))).toEqual([]);
  });

  it('lifts a live session, which keeps its id and stays the only one', async () => {
    const { client } = withCookies();
    await registered(client);
    const before = (await client.getSession()).data?.session;
    expect((await client.signIn.passkey()).error).toBeNull();
    const after = (await client.getSession()).data?.session;
    expect(after?.id).toBe(before?.id);
    expect((await client.listSessions()).data).toHaveLength(1);
  });

  it('signs in without a password, and takes a dead challenge from the browser', async () => {
    const { client, browser } = withCookies();
    const { email } = await registered(client);
    await client.signOut();
    expect((await client.signIn.passkey()).data).toMatchObject({ user: { email } });
    await client.signOut();
    await client.signIn.email({ email, password: PASSWORD });
    await service.query('DELETE FROM two_factor_challenge');
    expect((await client.signIn.passkey()).data).toMatchObject({ user: { email } });
    expect([...browser.cookies.keys()].filter((name) => name.includes('two_factor'))).toEqual([]);
  });

  it('lists, renames and deletes passkeys', async () => {
    const { client } = withCookies();
    const { added } = await registered(client);
    const second = await client.passkey.addPasskey({ name: 'Second' });
    expect(second.error).toBeNull();
    const renamed = await client.passkey.updatePasskey({ id: added.id, name: '  Red key ' });
    expect(renamed.data).toMatchObject({ passkey: { id: added.id, name: 'Red key' } });
    const listed = await client.passkey.listUserPasskeys();
    expect(listed.data?.map(({ name }) => name)).toEqual(['Red key', 'Second']);
    expect((await client.passkey.deletePasskey({ id: added.id })).data).toEqual({ status: true });
    const last = await client.passkey.deletePasskey({ id: second.data?.id ?? '' });
    expect(last.error).toMatchObject({ status: 409, code: 'LAST_FACTOR' });
  });

  it('receives the errors that it knows', async () => {
    const { client } = withCookies();
    const { email } = await registered(client);
    const codes = client.$ERROR_CODES;
    expect((await client.passkey.deletePasskey({ id: 'none' })).error).toMatchObject({
      status: 401,
      code: codes.PASSKEY_NOT_FOUND.code,
    });
    await client.signOut();
    await client.signIn.email({ email, password: PASSWORD });
    authenticator = newAuthenticator();
    const unknown = await client.signIn.passkey();
    expect(unknown.error).toMatchObject({ code: 'AUTH_CANCELLED' });
  });
});

describe('the official client of passkeys with a bearer token and no cookie', () => {
  it('adds a passkey, signs out and finishes a sign-in with it', async () => {
    const { client, kept } = withBearer();
    const { email } = await registered(client);
    expect((await client.getSession()).data?.user).toMatchObject({ email, twoFactorEnabled: true });
    await client.signOut();
    const signIn = await client.signIn.email({ email, password: PASSWORD });
    kept.token = (signIn.data as unknown as { twoFactorToken: string }).twoFactorToken;
    const verified = await client.signIn.passkey();
    expect(verified.error).toBeNull();
    expect((await client.getSession()).data?.session.token).toBe(kept.token);
    await client.signOut();
    kept.token = '';
    expect((await client.signIn.passkey()).data).toMatchObject({ user: { email } });
  });
});
