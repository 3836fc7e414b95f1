import { describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { readDatabaseEnvironment, readEnvironment } from './environment.js';

const bytes = Buffer.from('a ring key of thirty-two bytes!!');
const key = bytes.toString('base64');
const keys = { TWO_FACTOR_KEYS: `k1:${key}` };
const accountSid = `AC${'0'.repeat(32)}`;
const twilio = { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: 'hunter2', TWILIO_FROM: '+15005550006' };
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://user:hunter2@db/two_factor',
  BASE_URL: 'https://auth.example.com',
  ...keys,
};

describe('readEnvironment', () => {
  it('requires only keys in development', () => {
    expect(readEnvironment(keys)).toEqual({
      production: false,
      databaseUrl: undefined,
      databaseTimeoutMs: 5000,
      databasePrepared: true,
      migrations: true,
      shutdownDelayMs: 0,
      dataDir: resolve('.data'),
      host: '127.0.0.1',
      port: 3001,
      baseUrl: 'http://localhost:3001',
      trustedOrigins: ['http://localhost:3001'],
      exposeAuthToken: false,
      trustProxy: [],
      keys: [{ kid: 'k1', secret: bytes }],
      issuer: 'Two factor',
      bcryptCost: 12,
      logLevel: 'info',
      rateLimit: true,
      redisUrl: undefined,
      docs: true,
      healthToken: undefined,
      smtp: undefined,
      twilio: undefined,
      smsWebhook: undefined,
      smsCountries: undefined,
      smsPerDay: undefined,
      mailFallback: true,
      outbox: true,
    });
  });

  it('reads the durations of the database as seconds', () => {
    expect(readEnvironment({ ...keys, DATABASE_TIMEOUT: '2' }).databaseTimeoutMs).toBe(2000);
    expect(() => readEnvironment({ ...keys, DATABASE_TIMEOUT: '0' })).toThrow(
      /DATABASE_TIMEOUT must be a whole number/,
    );
  });

  it('reads how the service works behind a pooler and a load balancer', () => {
    const env = { ...keys, DATABASE_PREPARED: 'off', MIGRATIONS: 'off', SHUTDOWN_DELAY: '5' };
    expect(readEnvironment(env)).toMatchObject({ databasePrepared: false, migrations: false, shutdownDelayMs: 5000 });
  });

  it('listens on all interfaces in production', () => {
    expect(readEnvironment(production)).toMatchObject({ production: true, host: '0.0.0.0' });
  });

  it('serves the documentation in development, and in production only when DOCS enables it', () => {
    expect(readEnvironment(keys).docs).toBe(true);
    expect(readEnvironment(production).docs).toBe(false);
    expect(readEnvironment({ ...production, DOCS: 'on' }).docs).toBe(true);
  });

  it('derives the base URL from the port and the trusted origin from the base URL', () => {
    expect(readEnvironment({ ...keys, PORT: '8080' }).trustedOrigins).toEqual(['http://localhost:8080']);
    expect(readEnvironment(production).trustedOrigins).toEqual(['https://auth.example.com']);
  });

  it('always trusts the origin of the base URL and adds those of TRUSTED_ORIGINS', () => {
    const listed = readEnvironment({ ...production, TRUSTED_ORIGINS: 'https://app.example.com' });
    expect(listed.trustedOrigins).toEqual(['https://auth.example.com', 'https://app.example.com']);
    const own = readEnvironment({ ...production, TRUSTED_ORIGINS: 'https://auth.example.com:443' });
    expect(own.trustedOrigins).toEqual(['https://auth.example.com']);
  });

  it('exposes session tokens to pages of other origins only when configured', () => {
    expect(readEnvironment({ ...keys, EXPOSE_AUTH_TOKEN: 'on' }).exposeAuthToken).toBe(true);
    expect(() => readEnvironment({ ...keys, EXPOSE_AUTH_TOKEN: 'yes' })).toThrow(/EXPOSE_AUTH_TOKEN must be on or off/);
  });

  it('reads comma-separated lists', () => {
    const config = readEnvironment({
      ...keys,
      TRUSTED_ORIGINS: 'https://a.example.com, http://localhost:5173',
      TRUST_PROXY: '10.0.0.0/8,::1',
      TWO_FACTOR_KEYS: `new:${key},old:${key}`,
    });
    expect(config.trustedOrigins).toEqual(['http://localhost:3001', 'https://a.example.com', 'http://localhost:5173']);
    expect(config.trustProxy).toEqual(['10.0.0.0/8', '::1']);
    expect(config.keys.map(({ kid }) => kid)).toEqual(['new', 'old']);
  });

  it('reads how mail and text messages are sent', () => {
    const config = readEnvironment({
      ...keys,
      SMTP_URL: 'smtps://me:p%2Cw@smtp.example.com, smtp://spare.example.com:587?requireTLS=true',
      MAIL_FROM: 'Acme <no-reply@example.com>',
      ...twilio,
      TWILIO_BASE_URL: 'http://127.0.0.1:9999',
      SMS_WEBHOOK_URL: 'https://sms.example.com/send',
      SMS_WEBHOOK_SECRET: 'a secret of at least 24 bytes',
      SMS_COUNTRIES: 'DE, AT',
      SMS_PER_DAY: '50',
      MAIL_FALLBACK: 'off',
      OUTBOX: 'off',
    });
    expect(config).toMatchObject({
      smtp: {
        urls: ['smtps://me:p%2Cw@smtp.example.com', 'smtp://spare.example.com:587?requireTLS=true'],
        from: 'Acme <no-reply@example.com>',
      },
      twilio: { accountSid, authToken: 'hunter2', from: '+15005550006', baseUrl: 'http://127.0.0.1:9999/' },
      smsWebhook: { url: 'https://sms.example.com/send', secret: 'a secret of at least 24 bytes' },
      smsCountries: ['DE', 'AT'],
      smsPerDay: 50,
      mailFallback: false,
      outbox: false,
    });
  });

  it('reads where rate limits are shared, and whether they are enforced', () => {
    for (const REDIS_URL of ['redis://redis', 'rediss://user:p%40ss@redis.example.com:6380/3', 'redis://[::1]:6379/']) {
      expect(readEnvironment({ ...keys, REDIS_URL }).redisUrl).toBe(REDIS_URL);
    }
    expect(readEnvironment({ ...keys, RATE_LIMIT: 'off' }).rateLimit).toBe(false);
  });

  it('names the variable with an unknown country or a bad ceiling of text messages', () => {
    expect(() => readEnvironment({ ...keys, SMS_COUNTRIES: 'de', SMS_PER_DAY: '-1' })).toThrow(
      'Bad environment: SMS_COUNTRIES must list countries of two capital letters, such as DE,AT; SMS_PER_DAY must be a whole number from 0 to 9999999',
    );
  });

  it('defaults MAIL_FROM in development only', () => {
    const SMTP_URL = 'smtp://localhost:1025';
    expect(readEnvironment({ ...keys, SMTP_URL }).smtp?.from).toBe('two-factor@localhost');
    expect(() => readEnvironment({ ...production, SMTP_URL })).toThrow('Bad environment: MAIL_FROM is missing');
    expect(readEnvironment(production).smtp).toBeUndefined();
  });

  it('requires the list of countries when production sends text messages', () => {
    const webhook = { SMS_WEBHOOK_URL: 'https://sms.example.com', SMS_WEBHOOK_SECRET: 'a secret of at least 24 bytes' };
    for (const sms of [twilio, webhook]) {
      expect(() => readEnvironment({ ...production, ...sms })).toThrow(
        'Bad environment: SMS_COUNTRIES must list the countries that are texted, such as DE,AT, where SMS is set up in production',
      );
      expect(readEnvironment({ ...production, ...sms, SMS_COUNTRIES: 'DE' }).smsCountries).toEqual(['DE']);
      expect(readEnvironment({ ...keys, ...sms }).smsCountries).toBeUndefined();
    }
    expect(readEnvironment(production).smsCountries).toBeUndefined();
  });

  it('requires all variables of a provider or none', () => {
    expect(() => readEnvironment({ ...keys, TWILIO_ACCOUNT_SID: accountSid })).toThrow(
      'Bad environment: TWILIO_AUTH_TOKEN and TWILIO_FROM must be set too, or none of TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM',
    );
    expect(() => readEnvironment({ ...keys, SMS_WEBHOOK_URL: 'https://sms.example.com' })).toThrow(
      /^Bad environment: SMS_WEBHOOK_SECRET must be set too[^;]+$/,
    );
  });

  it('treats an empty variable as unset', () => {
    expect(readEnvironment({ ...keys, PORT: '', DATABASE_URL: ' ' })).toEqual(readEnvironment(keys));
  });

  it('names everything that production lacks in one line', () => {
    expect(() => readEnvironment({ NODE_ENV: 'production' })).toThrow(
      'Bad environment: DATABASE_URL is missing; BASE_URL is missing; TWO_FACTOR_KEYS is missing',
    );
  });

  it('names every bad variable in one line', () => {
    expect(() => readEnvironment({ ...keys, PORT: '0', BCRYPT_COST: '9' })).toThrow(
      'Bad environment: PORT must be a whole number from 1 to 65535; BCRYPT_COST must be a whole number from 10 to 16',
    );
  });

  it.each([
    ['NODE_ENV', 'prod'],
    ['PORT', '65536'],
    ['PORT', '3001x'],
    ['PORT', '1e3'],
    ['HOST', 'http://localhost'],
    ['BASE_URL', 'https://auth.example.com/auth'],
    ['BASE_URL', 'https://auth.example.com/?a=1'],
    ['BASE_URL', 'https://user@auth.example.com'],
    ['BASE_URL', 'ftp://auth.example.com'],
    ['BASE_URL', 'auth.example.com'],
    ['TRUSTED_ORIGINS', 'https://a.example.com,*'],
    ['TRUSTED_ORIGINS', 'https://*.example.com'],
    ['TRUSTED_ORIGINS', ','],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', 'true'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['DATABASE_URL', 'localhost'],
    ['TWO_FACTOR_KEYS', key],
    ['TWO_FACTOR_KEYS', `k1:${Buffer.alloc(31).toString('base64')}`],
    ['TWO_FACTOR_KEYS', `k1:${key},k1:${key}`],
    ['TWO_FACTOR_KEYS', `${'k'.repeat(33)}:${key}`],
    ['TWO_FACTOR_ISSUER', 'Acme: the company'],
    ['BCRYPT_COST', '17'],
    ['LOG_LEVEL', 'loud'],
    ['SMTP_URL', 'smtp.example.com:587'],
    ['SMTP_URL', 'smtp://good.example.com,http://bad.example.com'],
    ['SMTP_URL', 'smtp://'],
    ['SMTP_URL', 'smtp://smtp.example.com?logger=true&debug=true'],
    ['MAIL_FROM', 'Acme'],
    ['MAIL_FROM', 'a@example.com, b@example.com'],
    ['MAIL_FROM', 'Acme <a@example.com>\nBcc: b@example.com'],
    ['OUTBOX', 'no'],
    ['DATABASE_PREPARED', 'no'],
    ['MIGRATIONS', 'no'],
    ['SHUTDOWN_DELAY', '61'],
    ['DOCS', 'yes'],
    ['HEALTH_TOKEN', 'short'],
    ['HEALTH_TOKEN', 'a token of twenty-four or more'],
    ['RATE_LIMIT', 'false'],
    ['REDIS_URL', 'localhost:6379'],
    ['REDIS_URL', 'http://redis:6379'],
    ['REDIS_URL', 'redis://'],
    ['REDIS_URL', 'redis://redis:6379/cache'],
    ['REDIS_URL', 'redis://redis:6379?offlineQueue=true'],
  ])('refuses %s=%s with the name of the variable', (name, value) => {
    expect(() => readEnvironment({ ...keys, [name]: value })).toThrow(
      new RegExp(String.raw`^Bad environment: ${name} [^;\n]+$`),
    );
  });

  it.each([
    ['TWO_FACTOR_KEYS', `${key},swapped`, key],
    ['TWO_FACTOR_KEYS', 'k1:c2hvcnQtc2VjcmV0', 'c2hvcnQtc2VjcmV0'],
    ['DATABASE_URL', 'mysql://root:hunter2@db', 'hunter2'],
    ['SMTP_URL', 'http://me:hunter2@smtp.example.com', 'hunter2'],
    ['SMTP_URL', 'smtp://me:hunter2@smtp.example.com?debug=true', 'hunter2'],
    ['SMS_WEBHOOK_SECRET', 'hunter2', 'hunter2'],
    ['SMS_WEBHOOK_URL', 'https://me:hunter2@sms.example.com', 'hunter2'],
    ['REDIS_URL', 'http://:hunter2@redis:6379', 'hunter2'],
    ['REDIS_URL', 'redis://:hunter2@redis:6379/cache', 'hunter2'],
    ['TWILIO_AUTH_TOKEN', 'hunter2', 'hunter2'],
    ['HEALTH_TOKEN', 'hunter2', 'hunter2'],
    ['TWILIO_ACCOUNT_SID', 'hunter2', 'hunter2'],
    ['TWILIO_FROM', 'hunter2;hunter2', 'hunter2;'],
  ])('never repeats the secret in a bad %s', (name, value, secret) => {
    const read = () => readEnvironment({ ...keys, [name]: value });
    expect(read).toThrow(name);
    expect(read).not.toThrow(secret);
  });
});

describe('readDatabaseEnvironment', () => {
  it('requires only what a migration needs', () => {
    const { NODE_ENV, DATABASE_URL } = production;
    expect(readDatabaseEnvironment({ NODE_ENV, DATABASE_URL })).toEqual({
      production: true,
      databaseUrl: DATABASE_URL,
      dataDir: resolve('.data'),
    });
  });

  it('provides no default database in production', () => {
    expect(() => readDatabaseEnvironment({ NODE_ENV: 'production' })).toThrow('DATABASE_URL is missing');
  });
});
