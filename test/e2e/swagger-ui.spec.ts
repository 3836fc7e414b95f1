import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { ensureBuilt } from '../support/build.js';
import { PASSWORD } from '../support/client.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { describeWith } from '../support/describe-with.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const missing = existsSync(executablePath) ? undefined : `no browser at ${executablePath}, set CHROMIUM_PATH`;

describeWith(missing)('Swagger UI', () => {
  let folder: string;
  let database: TestDatabase;
  let service: ServiceProcess;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-swagger-'));
    await chmod(folder, 0o711);
    database = await createTestDatabase();
    await ensureBuilt();
    service = await startProcess(folder, { DATABASE_URL: database.url });
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    await service.started;
    page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    service?.child.kill('SIGKILL');
    await service?.ended;
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('lets a user sign up, authorise and enable two-factor, and the browser blocks nothing', async () => {
    // The host name differs from the one in BASE_URL.
    await page.goto(`http://127.0.0.1:${service.port}/docs`);
    await expectText(page.locator('.info .title'), 'nestjs-two-factor');
    await expectText(page.locator('.servers'), '/api/auth');

    const account = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
    const signedUp = await tryOut(operation(page, 'Accounts', 'signUpEmail'), account);
    expect(signedUp).toMatchObject({ status: '200', body: { user: { email: 'ada@example.com' } } });

    const byCookie = await tryOut(operation(page, 'Two factor', 'enableTwoFactor'), { password: PASSWORD });
    expect(byCookie).toMatchObject({ status: '200', body: { method: 'totp' } });

    // Without the cookie that sign-up set for this page, the token is the only credential.
    await page.context().clearCookies();
    await authorize(page, String(signedUp.body['token']));
    const enabled = await tryOut(operation(page, 'Two factor', 'enableTwoFactor'), { password: PASSWORD });
    expect(enabled).toMatchObject({
      status: '200',
      body: { totpURI: expect.stringMatching(/^otpauth:\/\/totp\//), method: 'totp' },
    });
    expect(enabled.body['backupCodes']).toHaveLength(10);
    expect(complaints).toEqual([]);
  }, 60_000);

  it('shows the QR code as a picture', async () => {
    const block = operation(page, 'Two factor', 'getTotpQr');
    expect((await execute(block, { password: PASSWORD })).status).toBe('200');
    const image = block.locator('.live-responses-table img');
    await image.waitFor();
    await image.evaluate((element: Picture) => element.decode());
    // A picture that the content security policy blocks has no width.
    expect(await image.evaluate((element: Picture) => element.naturalWidth)).toBeGreaterThan(200);
    await block.screenshot({ path: join(process.env.SCREENSHOTS ?? folder, 'qr-code.png') });
    expect(complaints).toEqual([]);
  }, 60_000);

  it('pre-fills bodies with the required members only', async () => {
    expect(await prefilled(page, 'Accounts', 'signInEmail')).toEqual({
      email: 'ada@example.com',
      password: 'correct horse battery staple',
    });
    expect(await prefilled(page, 'Two factor', 'verifyTotp')).toEqual({ code: '012345' });
    expect(await prefilled(page, 'Two factor', 'verifyBackupCode')).toEqual({ code: expect.any(String) });
  });

  it('keeps the token of *Authorize* after a reload, and reports a dead token even when a cookie is live', async () => {
    const banner = page.locator('#swagger-ui[data-dead-token]');
    const id = 'getSession';
    await page.reload();
    const live = await execute(operation(page, 'Accounts', id));
    expect(await live.answer.innerText()).toContain('ada@example.com');
    expect(await banner.count()).toBe(0);

    const credentials = { email: 'ada@example.com', password: PASSWORD };
    expect((await execute(operation(page, 'Accounts', 'signInEmail'), credentials)).status).toBe('200');
    await authorize(page, 'tfs_dead');
    const dead = await execute(operation(page, 'Accounts', id));
    expect(await dead.answer.innerText()).toContain('ada@example.com');
    expect(await dead.answer.innerText()).toMatch(/www-authenticate: .*invalid_token/);
    await banner.waitFor();
    await page.screenshot({ path: join(process.env.SCREENSHOTS ?? folder, 'dead-token.png') });
    expect(complaints).toEqual([]);
  }, 60_000);

  it('shows accounts first, and fits the screen of a phone with opened operations', async () => {
    const phone = await browser.newPage({ viewport: { width: 390, height: 844 } });
    await phone.goto(`http://localhost:${service.port}/docs`);
    const blocks = phone.locator('.opblock');
    await blocks.first().waitFor();
    const ids = await blocks.evaluateAll((all: Array<{ readonly id: string }>) => all.map(({ id }) => id));
    expect(ids.slice(0, 2)).toEqual(['operations-Accounts-signUpEmail', 'operations-Accounts-signInEmail']);
    expect(ids.filter((id) => id.includes('Two_factor'))[0]).toBe('operations-Two_factor-enableTwoFactor');
    expect(await overflow(phone)).toBe(0);
    // Operations of both groups.
    const some = [...ids.slice(0, 3), ...ids.slice(-3)];
    for (const id of some) await phone.locator(`#${id} .opblock-summary-control`).click();
    await phone
      .locator('.opblock.is-open .responses-table')
      .nth(some.length - 1)
      .waitFor();
    await phone.screenshot({ path: join(process.env.SCREENSHOTS ?? folder, 'phone.png') });
    expect(await overflow(phone)).toBe(0);
    await phone.close();
  }, 60_000);
});

/** The members of the browser's HTMLImageElement that the test uses. */
interface Picture {
  decode(): Promise<void>;
  readonly naturalWidth: number;
}

/** @returns by how many pixels the visible content is wider than the screen */
function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

function operation(page: Page, tag: string, id: string): Locator {
  return page.locator(`#operations-${tag.replace(' ', '_')}-${id}`);
}

async function tryOut(block: Locator, body: object) {
  const { answer, status } = await execute(block, body);
  const text = await answer.locator('.highlight-code code').first().innerText();
  return { status, body: JSON.parse(text) as Record<string, unknown> };
}

async function opened(block: Locator): Promise<Locator> {
  const open = block.locator('.opblock-summary-control');
  if ((await open.getAttribute('aria-expanded')) !== 'true') {
    await open.click();
  }
  return block;
}

/** @returns the body that Swagger UI pre-fills */
async function prefilled(page: Page, tag: string, id: string): Promise<unknown> {
  const block = await opened(operation(page, tag, id));
  return JSON.parse(await block.locator('textarea.body-param__text').inputValue());
}

async function execute(block: Locator, body?: object) {
  await opened(block);
  if (body) await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
  const answered = block.page().waitForResponse((response) => response.url().includes('/api/auth/'));
  await block.locator('button.execute').click();
  await answered;
  const answer = block.locator('.live-responses-table tbody tr.response').first();
  return { answer, status: (await answer.locator('.response-col_status').innerText()).trim() };
}

/** Authorizes through the dialog, as a user does. */
async function authorize(page: Page, token: string): Promise<void> {
  await page.locator('.scheme-container button.authorize').click();
  const dialog = page.locator('.dialog-ux');
  const logout = dialog.getByRole('button', { name: 'Remove authorization' });
  if (await logout.isVisible()) await logout.click();
  await dialog.locator('#auth-bearer-value').fill(token);
  // For the cookie, the dialog shows an explanation only.
  expect(await dialog.locator('input:visible').count()).toBe(1);
  await dialog.getByRole('button', { name: 'Apply credentials' }).first().click();
  await dialog.locator('button.btn-done').first().click();
}

async function expectText(element: Locator, text: string): Promise<void> {
  await element.waitFor();
  expect(await element.innerText()).toContain(text);
}
