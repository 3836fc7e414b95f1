import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { createApp } from '../src/app.js';
import { Customers } from '../src/customers/customers.js';
import { BANK } from '../src/database/data-source-options.js';
import { BankMailSender } from '../src/mail/bank-mail-sender.js';
import { BankSettings } from '../src/settings.js';
import { AuthenticatorApp } from './authenticator-app.js';
import { BankClient } from './bank-client.js';

const PASSWORD = 'correct horse battery staple';

describe('two-factor authentication at the bank', () => {
  let app: INestApplication;
  let bank: BankClient;
  let customers = 0;

  before(async () => {
    app = await createApp(new BankSettings());
    await app.listen(0, '127.0.0.1');
    bank = new BankClient(await app.getUrl());
  });
  after(() => app.close());

  async function register() {
    const email = `customer${++customers}.${process.pid}@example.com`;
    const id = await app.get(Customers, { strict: false }).register(email, 'Carla Customer', PASSWORD);
    return { id, email };
  }

  async function login(email: string) {
    const { status, body } = await bank.post('/login', { email, password: PASSWORD });
    assert.equal(status, 200);
    return body;
  }

  /** A customer who has two-factor on, and a session that has proven the second factor. */
  async function enrol() {
    const customer = await register();
    const { session } = await login(customer.email);
    const staged = await bank.post('/two-factor/enable', { password: PASSWORD }, session);
    assert.equal(staged.status, 200);
    const phone = new AuthenticatorApp(staged.body.totpURI);
    const verified = await bank.post('/two-factor/verify-totp', { code: phone.code() }, session);
    assert.equal(verified.status, 200);
    return { ...customer, phone, weak: session, strong: verified.body.token as string };
  }

  it('signs a customer in at once while two-factor is off', async () => {
    const { id, email } = await register();
    const { session } = await login(email);
    const answer = await bank.get('/payments', session);
    assert.deepEqual([answer.status, answer.body], [200, { customerId: id, payments: [] }]);
    assert.equal((await bank.post('/payments', {}, session)).status, 201);
  });

  it('turns two-factor on and asks for a code at the next sign-in', async () => {
    const customer = await enrol();
    const { secondFactor, challenge } = await login(customer.email);
    assert.deepEqual(secondFactor, ['totp', 'otp']);
    assert.equal((await bank.get('/payments', challenge)).status, 401);
    const verified = await bank.post('/two-factor/verify-totp', { code: customer.phone.code() }, challenge);
    assert.equal(verified.status, 200);
    assert.equal(verified.body.user.id, customer.id);
    const paid = await bank.post('/payments', {}, verified.body.token);
    assert.deepEqual(paid.body, { paid: true, by: customer.id, branch: 'online' });
  });

  it('lets a session pay only after its second factor', async () => {
    const customer = await enrol();
    const { challenge } = await login(customer.email);
    assert.equal((await bank.post('/payments', {}, customer.strong)).status, 201);
    assert.equal((await bank.post('/payments', {}, customer.weak)).status, 401);
    const refused = await bank.post('/payments', {}, challenge);
    assert.equal(refused.status, 401);
    assert.match(refused.type, /^application\/problem\+json/);
  });

  it('tells the status of a customer and keeps it in the table of the bank', async () => {
    const customer = await enrol();
    const { body } = await bank.get('/two-factor/status', customer.strong);
    assert.equal(body.enabled, true);
    assert.deepEqual([body.methods, body.hardwareKey], [['totp', 'otp'], null]);
    const rows = await query('SELECT uses_second_factor FROM customer WHERE id = $1', customer.id);
    assert.deepEqual(rows, [{ uses_second_factor: true }]);
  });

  it('keeps all tables in the schema of the bank', async () => {
    const rows = await query(`SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE $1`, 'two_factor%');
    assert.deepEqual(rows, [{ schemaname: 'bank' }]);
  });

  it('refuses fields that no body has', async () => {
    const { session } = await login((await register()).email);
    const { status } = await bank.post('/two-factor/verify-totp', { code: '000000', admin: true }, session);
    assert.equal(status, 400);
  });

  it('writes what happened into the audit table and mails a notice', async () => {
    const customer = await enrol();
    await eventually(async () => {
      const rows = await query('SELECT name FROM audit_entry WHERE customer_id = $1', customer.id);
      return rows.some(({ name }) => name === 'two-factor.enabled');
    });
    const { sent } = app.get(BankMailSender, { strict: false });
    await eventually(async () => sent.some(({ to }) => to === customer.email));
  });

  it("signs in by a factor of the bank's own, too", async () => {
    const { email } = await register();
    const { session } = await login(email);
    const path = '/two-factor/hardware-key';
    const registered = await bank.post(`${path}/register`, { password: PASSWORD, label: 'Blue' }, session);
    const secret = Buffer.from(registered.body.secret, 'base64url');
    const prove = async (bearer: string) => {
      const { body } = await bank.post(`${path}/nonce`, {}, bearer);
      const response = createHmac('sha256', secret).update(Buffer.from(body.nonce, 'base64url')).digest('hex');
      return bank.post(`${path}/verify`, { response }, bearer);
    };
    assert.equal((await prove(session)).status, 200);
    const { secondFactor, challenge } = await login(email);
    assert.deepEqual(secondFactor, ['hardware-key']);
    const verified = await prove(challenge);
    assert.equal((await bank.post('/payments', {}, verified.body.token)).status, 201);
  });

  async function query(statement: string, value: string): Promise<Array<Record<string, unknown>>> {
    return app.get<DataSource>(getDataSourceToken(BANK), { strict: false }).query(statement, [value]);
  }
});

/** Waits until something that happens beside the requests has happened. */
async function eventually(happened: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) if (await happened()) return;
  assert.fail('It did not happen within a minute');
}
