import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database, TwoFactorService } from '../../src/two-factor/index.js';
import { Caller, enrol, PASSWORD, signUp } from '../support/client.js';
import { noticesTo } from '../support/notices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const GERMAN = { 'accept-language': 'de' };
const NEW_PASSWORD = `${PASSWORD} two`;

describe('F8: a mail notifies the owner [ASVS 6.3.7]', () => {
  it('reports new backup codes', async () => {
    const owner = await enrol(service);
    const made = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, owner.token);
    expect(made.status).toBe(200);
    expect(await noticesTo(service, owner)).toContain('Your backup codes were replaced');
    for (const { text } of service.messages.mailsTo(owner.email)) expect(text).not.toMatch(/\d{6}/);
  });

  it('reports a new password, in the language of the request', async () => {
    const owner = await signUp(service);
    const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    expect((await caller.post('/change-password', body, owner.token, GERMAN)).status).toBe(200);
    expect(await noticesTo(service, owner)).toEqual(['Ihr Passwort wurde geändert']);
  });

  it('reports a new password that a host sets without a request', async () => {
    const owner = await signUp(service);
    const library = service.app.get(TwoFactorService, { strict: false });
    const database = service.app.get(Database, { strict: false });
    await database.transaction((transaction) => library.passwordChanged(owner.id, transaction));
    expect(await noticesTo(service, owner)).toEqual(['Your password was changed']);
  });
});

describe('F8: no mail reports what did not happen', () => {
  it('sends nothing after a wrong password', async () => {
    const owner = await enrol(service);
    const body = { currentPassword: 'another password', newPassword: NEW_PASSWORD };
    expect((await caller.post('/change-password', body, owner.token)).status).toBe(400);
    await caller.post('/two-factor/generate-backup-codes', { password: 'another password' }, owner.token);
    expect(await noticesTo(service, owner)).toEqual(['Two-factor authentication is on']);
  });

  it('sends nothing when the change of the password is rolled back', async () => {
    const owner = await signUp(service);
    const library = service.app.get(TwoFactorService, { strict: false });
    const database = service.app.get(Database, { strict: false });
    const change = database.transaction(async (transaction) => {
      await library.passwordChanged(owner.id, transaction);
      throw new Error('The host thought better of it');
    });
    await expect(change).rejects.toThrow('thought better');
    expect(await noticesTo(service, owner)).toEqual([]);
    expect(await service.query(`SELECT FROM two_factor_pending_notice WHERE account_id = $1`, [owner.id])).toEqual([]);
  });
});
