import { describe, expect, it } from '@jest/globals';
import { readEnvironment } from '../config/environment.js';
import { welcome } from './welcome.js';

const keys = { TWO_FACTOR_KEYS: `k1:${Buffer.from('a ring key of thirty-two bytes!!').toString('base64')}` };
const smtp = { SMTP_URL: 'smtp://smtp.example.com' };
const webhook = {
  SMS_WEBHOOK_URL: 'https://sms.example.com',
  SMS_WEBHOOK_SECRET: 'a secret of at least 24 bytes',
};
const lines = (env: Record<string, string>) => welcome(readEnvironment({ ...keys, DATA_DIR: '/data', ...env }));

describe('welcome', () => {
  it('tells a developer where the document, the data and the messages are, and how to stop the service', () => {
    expect(lines({})).toEqual([
      'OpenAPI document at http://localhost:3001/openapi.json',
      'Data in /data',
      'Printed here: mails and text messages',
      'Ctrl-C ends the service',
    ]);
  });

  it('omits what the configuration does not provide', () => {
    expect(lines({ DOCS: 'off', DATABASE_URL: 'postgres://user:hunter2@db/app', ...smtp, ...webhook })).toEqual([
      'Data in the database of DATABASE_URL',
      'Ctrl-C ends the service',
    ]);
  });

  it('names the messages that have no sender, and the process that prints them', () => {
    expect(lines(smtp)).toContain('Printed here: text messages');
    expect(lines({ ...webhook, OUTBOX: 'off' })).toContain('Printed by the worker: mails');
  });

  it('prints nothing in production', () => {
    const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/app', BASE_URL: 'https://a.example.com' };
    expect(lines(production)).toEqual([]);
  });
});
