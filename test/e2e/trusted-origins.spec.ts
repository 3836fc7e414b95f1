import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEnvironment } from '../../src/config/environment.js';
import { Browser, PASSWORD } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

const OWN = 'http://localhost:3001';
const LISTED = 'http://localhost:5173';

describe('a service with TRUSTED_ORIGINS', () => {
  let service: TestService;
  beforeAll(async () => {
    const { baseUrl, trustedOrigins } = readEnvironment({
      BASE_URL: OWN,
      TRUSTED_ORIGINS: LISTED,
      TWO_FACTOR_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    });
    service = await startTestService({ config: { baseUrl, trustedOrigins } });
  });
  afterAll(() => service.close());

  it.each([
    ['its own pages, such as Swagger UI', OWN],
    ['the pages of a listed origin', LISTED],
  ])('lets %s sign in and change data with cookies', async (_, origin) => {
    const browser = new Browser(service, origin);
    const email = `${new URL(origin).port}@example.com`;
    expect((await browser.post('/sign-up/email', { email, password: PASSWORD, name: 'Ada' })).status).toBe(200);
    expect(await browser.post('/two-factor/enable', { password: PASSWORD })).toMatchObject({
      status: 200,
      body: { backupCodes: expect.any(Array) },
    });
  });

  it('refuses cookies from pages of other origins', async () => {
    const browser = new Browser(service, LISTED);
    await browser.post('/sign-up/email', { email: 'eve@example.com', password: PASSWORD, name: 'Eve' });
    const elsewhere = { origin: 'http://localhost:5174' };
    expect(await browser.post('/two-factor/enable', { password: PASSWORD }, undefined, elsewhere)).toMatchObject({
      status: 403,
      body: { code: 'INVALID_ORIGIN' },
    });
  });
});
