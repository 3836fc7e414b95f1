import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { PASSWORD } from '../support/client.js';
import { describeWith } from '../support/describe-with.js';
import { startTestService, type TestService } from '../support/service.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const missing = existsSync(executablePath) ? undefined : `no browser at ${executablePath}, set CHROMIUM_PATH`;

/** Origin of the page and of the API, as behind one proxy. */
const ORIGIN = 'http://localhost:3001';

/** The official client, unmodified, as a page would load it. */
const PAGE_SCRIPT = `
  import { createAuthClient } from 'better-auth/client';
  import { twoFactorClient } from 'better-auth/client/plugins';
  import { passkeyClient } from '@better-auth/passkey/client';
  globalThis.client = createAuthClient({ baseURL: '${ORIGIN}/api/auth', plugins: [twoFactorClient(), passkeyClient()] });
`;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: PAGE_SCRIPT, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

describeWith(missing)('a real browser with the official client and a virtual authenticator', () => {
  let service: TestService;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    service = await startTestService({ config: { baseUrl: ORIGIN, trustedOrigins: [ORIGIN] } });
    const script = await bundle();
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    const context = await browser.newContext();
    await context.route(`${ORIGIN}/**`, async (route) => {
      const { pathname, search } = new URL(route.request().url());
      if (!pathname.startsWith('/api/auth')) {
        await route.fulfill({ contentType: 'text/html', body: `<!doctype html><script>${script}</script>` });
        return;
      }
      // The browser sees one origin; the service listens on a port of its own.
      const url = new URL(service.url).origin + pathname + search;
      await route.fulfill({ response: await route.fetch({ url, maxRedirects: 0 }) });
    });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.goto(`${ORIGIN}/`);
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });

  /** Calls the client in the page. @returns what it answered */
  const call = (expression: string) => page.evaluate<{ data: unknown; error: unknown }>(`client.${expression}`);

  it('adds a passkey, finishes a sign-in with it, and signs in with it alone', async () => {
    const account = JSON.stringify({ name: 'Ada', email: 'browser@example.com', password: PASSWORD });
    expect(await call(`signUp.email(${account})`)).toMatchObject({ error: null });
    const added = await call(`passkey.addPasskey({ name: 'Laptop' })`);
    expect(added).toMatchObject({ error: null, data: { name: 'Laptop', backupCodes: expect.any(Array) } });

    await call('signOut()');
    const signIn = await call(`signIn.email(${account})`);
    expect(signIn.data).toMatchObject({ twoFactorRedirect: true, twoFactorMethods: ['passkey'] });
    expect(await call('signIn.passkey()')).toMatchObject({
      error: null,
      data: { user: { email: 'browser@example.com' } },
    });
    expect(await call('getSession()')).toMatchObject({ data: { user: { twoFactorEnabled: true } } });

    await call('signOut()');
    expect(await call('signIn.passkey()')).toMatchObject({
      error: null,
      data: { user: { email: 'browser@example.com' } },
    });
    expect(await call('getSession()')).toMatchObject({ data: { user: { email: 'browser@example.com' } } });
  }, 120_000);

  it('is told which passkeys the account has already', async () => {
    const again = await call('passkey.addPasskey()');
    expect(again.error).toMatchObject({ code: 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED' });
  }, 60_000);
});
