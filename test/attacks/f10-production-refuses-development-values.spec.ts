import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment, readKeyEnvironment } from '../../src/config/environment.js';
import { ensureBuilt } from '../support/build.js';
import { createTestDatabase } from '../support/database.js';
import { startProcess } from '../support/service-process.js';

const ownKey = randomBytes(32).toString('base64');
const publishedKey = Buffer.alloc(32).toString('base64');
const development = { TWO_FACTOR_KEYS: `k1:${ownKey}` };
const production = {
  ...development,
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://user@db/two_factor',
  BASE_URL: 'https://auth.example.com',
};
const SMTP = { SMTP_URL: 'smtp://smtp.example.com', MAIL_FROM: 'a@example.com' };
const SMS = { SMS_WEBHOOK_URL: 'https://sms.example.com', SMS_WEBHOOK_SECRET: 'a secret of at least 24 bytes' };

describe('F10: a production service refuses values that are meant for development', () => {
  it.each([
    ['the published key', `development:${publishedKey}`],
    ['the published key under another name', `k1:${publishedKey}`],
    ['the published name', `development:${ownKey}`],
    ['a key of one repeated byte', `k1:${Buffer.alloc(48, 0xff).toString('base64')}`],
    ['the published key behind a good one', `k1:${ownKey},old:${publishedKey}`],
  ])('refuses %s in production', (_, ring) => {
    const read = () => readEnvironment({ ...production, TWO_FACTOR_KEYS: ring });
    expect(read).toThrow(/^Bad environment: TWO_FACTOR_KEYS has a key that others know \(key [12]\): make one with/);
    expect(read).not.toThrow(publishedKey);
  });

  it('replaces the published key with the key commands, and seals nothing with it', () => {
    const { NODE_ENV, DATABASE_URL } = production;
    const read = (TWO_FACTOR_KEYS: string) => readKeyEnvironment({ NODE_ENV, DATABASE_URL, TWO_FACTOR_KEYS });
    expect(read(`k1:${ownKey},development:${publishedKey}`).keys).toHaveLength(2);
    expect(() => read(`development:${publishedKey},k1:${ownKey}`)).toThrow('a key that others know (key 1)');
  });

  it.each(['http://auth.example.com', 'http://localhost.example.com', 'http://10.0.0.1:3001', 'http://[::2]'])(
    'refuses BASE_URL=%s in production',
    (BASE_URL) => {
      expect(() => readEnvironment({ ...production, BASE_URL })).toThrow('BASE_URL must be https in production');
    },
  );

  it.each([
    'http://localhost:3001',
    'http://app.localhost:5173',
    'http://127.0.0.1',
    'http://127.8.0.1:80',
    'http://[::1]:3001',
    'https://auth.example.com',
  ])('accepts BASE_URL=%s in production', (BASE_URL) => {
    expect(readEnvironment({ ...production, BASE_URL }).baseUrl).toBe(new URL(BASE_URL).origin);
  });

  it.each<[string, Record<string, string>]>([
    ['none', {}],
    ['mail alone', SMTP],
    ['SMS alone', SMS],
    ['none, in tests', { NODE_ENV: 'test' }],
  ])(
    'refuses a public BASE_URL in development, which prints codes on the console, with these senders: %s',
    (_, senders) => {
      for (const BASE_URL of ['https://auth.example.com', 'http://auth.example.com']) {
        expect(() => readEnvironment({ ...development, BASE_URL, ...senders })).toThrow(
          /^Bad environment: BASE_URL is not a loopback name, .*set NODE_ENV=production, or SMTP_URL and one of TWILIO_ACCOUNT_SID/,
        );
      }
    },
  );

  it('starts with a public BASE_URL in development with senders, and in production without them', () => {
    const BASE_URL = 'https://auth.example.com';
    expect(readEnvironment({ ...development, ...SMTP, ...SMS, BASE_URL }).production).toBe(false);
    expect(readEnvironment(production).smtp).toBeUndefined();
  });

  it('has no key in the compose file', async () => {
    const compose = await readFile('docker-compose.yml', 'utf8');
    expect(compose).toMatch(/TWO_FACTOR_KEYS: \$\{TWO_FACTOR_KEYS:\?[^}]+\}/);
    expect(compose).not.toContain('AAAAAAAAAAAAAAAA');
  });

  it('warns of RATE_LIMIT=off at the start in production', async () => {
    await ensureBuilt();
    const [database, folder] = await Promise.all([createTestDatabase(), mkdtemp(join(tmpdir(), 'two-factor-rate-'))]);
    try {
      for (const RATE_LIMIT of ['off', 'on']) {
        const env = { ...production, BASE_URL: 'http://localhost:3001', HOST: '127.0.0.1', DATABASE_URL: database.url };
        const service = await startProcess(folder, { ...env, RATE_LIMIT });
        await service.started;
        expect((await fetch(`http://127.0.0.1:${service.port}/api/auth/ok`)).status).toBe(200);
        service.child.kill('SIGTERM');
        const { code, stdout } = await service.ended;
        expect(code).toBe(0);
        expect(/^\{"level":"warn",.*RATE_LIMIT=off: /m.test(stdout)).toBe(RATE_LIMIT === 'off');
      }
    } finally {
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    }
  }, 300_000);
});
