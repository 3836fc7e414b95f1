import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../support/build.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startProcess } from '../support/service-process.js';
import { startTestService } from '../support/service.js';

const TOKEN = randomBytes(18).toString('base64url');
const KEYS = `k1:${randomBytes(32).toString('base64')}`;
const DETAILS = {
  status: expect.any(String),
  database: 'up',
  mail: expect.any(String),
  sms: expect.any(String),
  outbox: 'ok',
  limits: 'off',
};

describe('F15: strangers see neither the documentation nor the limits', () => {
  let folder: string;
  let database: TestDatabase;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-docs-'));
    database = await createTestDatabase();
    await ensureBuilt();
  }, 300_000);
  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['serves no documentation in production', 'production', '', 404],
    ['serves documentation in production with DOCS=on', 'production', 'on', 200],
    ['serves no documentation in development with DOCS=off', 'development', 'off', 404],
  ])(
    '%s',
    async (_, NODE_ENV, DOCS, status) => {
      const service = await startProcess(folder, {
        NODE_ENV,
        DOCS,
        HOST: '127.0.0.1',
        BASE_URL: 'http://localhost:3001',
        DATABASE_URL: database.url,
        TWO_FACTOR_KEYS: KEYS,
      });
      try {
        expect((await service.started).includes('Swagger UI')).toBe(status === 200);
        for (const path of ['/docs', '/docs/', '/docs/index.html', '/docs/swagger-ui-init.js', '/openapi.json']) {
          const answer = await fetch(`http://127.0.0.1:${service.port}${path}`);
          expect([path, answer.status]).toEqual([path, status]);
          const body = await answer.text();
          if (status === 404) expect(JSON.parse(body)).toEqual({ message: 'Not Found', code: 'NOT_FOUND' });
        }
      } finally {
        service.child.kill('SIGTERM');
        await service.ended;
      }
    },
    120_000,
  );

  it.each([
    ['production without a configured token', true, undefined, undefined, false],
    ['production without a configured token, for a request with a token', true, undefined, `Bearer ${TOKEN}`, false],
    ['production without a configured token, for an empty token', true, undefined, 'Bearer ', false],
    ['production, for a request without a token', true, TOKEN, undefined, false],
    ['production, for an empty token', true, TOKEN, 'Bearer ', false],
    ['production, for a wrong token', true, TOKEN, `Bearer ${TOKEN.slice(0, -1)}`, false],
    ['production, for the token in another scheme', true, TOKEN, `Basic ${TOKEN}`, false],
    ['production, for the right token', true, TOKEN, `Bearer ${TOKEN}`, true],
    ['development without a configured token', false, undefined, undefined, true],
    ['development, for a request without a token', false, TOKEN, undefined, false],
  ])(
    'shows details on GET /health only to the right reader: %s',
    async (_, production, healthToken, authorization, detailed) => {
      const service = await startTestService({ config: { production, healthToken } });
      try {
        const answer = await fetch(new URL('/health', service.url), {
          headers: authorization ? { authorization } : {},
        });
        expect(answer.status).toBe(200);
        expect(await answer.json()).toEqual(detailed ? expect.objectContaining(DETAILS) : { status: 'ok' });
      } finally {
        await service.close();
      }
    },
  );
});
