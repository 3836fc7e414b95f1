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

  it('lets a person sign up, authorise and enable two-factor, and nothing is blocked', async () => {
    // Another name of the host than that of BASE_URL.
    await page.goto(`http://127.0.0.1:${service.port}/docs`);
    await expectText(page.locator('.info .title'), 'nestjs-two-factor');
    await expectText(page.locator('.servers'), '/api/auth');

    const account = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
    const signedUp = await tryOut(operation(page, 'Accounts', 'signUpEmail'), account);
    expect(signedUp).toMatchObject({ status: '200', body: { user: { email: 'ada@example.com' } } });

    // Without the cookie that sign-up set for this page, the token is all it has.
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
    // A picture that the policy blocks has no width.
    expect(await image.evaluate((element: Picture) => element.naturalWidth)).toBeGreaterThan(200);
    await block.screenshot({ path: join(process.env.SCREENSHOTS ?? folder, 'qr-code.png') });
    expect(complaints).toEqual([]);
  }, 60_000);
});

/** What a page calls HTMLImageElement. */
interface Picture {
  decode(): Promise<void>;
  readonly naturalWidth: number;
}

function operation(page: Page, tag: string, id: string): Locator {
  return page.locator(`#operations-${tag.replace(' ', '_')}-${id}`);
}

async function tryOut(block: Locator, body: object) {
  const { answer, status } = await execute(block, body);
  const text = await answer.locator('.highlight-code code').first().innerText();
  return { status, body: JSON.parse(text) as Record<string, unknown> };
}

async function execute(block: Locator, body: object) {
  const open = block.locator('.opblock-summary-control');
  if ((await open.getAttribute('aria-expanded')) !== 'true') {
    await open.click();
    await block.locator('.try-out__btn').click();
  }
  await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
  const answered = block.page().waitForResponse((response) => response.request().method() === 'POST');
  await block.locator('button.execute').click();
  await answered;
  const answer = block.locator('.live-responses-table tbody tr.response').first();
  return { answer, status: (await answer.locator('.response-col_status').innerText()).trim() };
}

/** Through the dialog, as a person does. */
async function authorize(page: Page, token: string): Promise<void> {
  await page.locator('.scheme-container button.authorize').click();
  const dialog = page.locator('.dialog-ux');
  await dialog.locator('input').fill(token);
  await dialog.locator('button[type=submit]').click();
  await dialog.locator('button.btn-done').click();
}

async function expectText(element: Locator, text: string): Promise<void> {
  await element.waitFor();
  expect(await element.innerText()).toContain(text);
}
