import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mail } from 'nestjs-two-factor';
import { BankMailSender } from '../src/mail/bank-mail-sender.js';
import { AuthenticatorApp } from './authenticator-app.js';
import { PASSWORD, RunningBank } from './running-bank.js';

describe('two-factor authentication at the bank', () => {
  let bank: RunningBank;
  before(async () => {
    bank = await RunningBank.start();
  });
  after(() => bank.close());

  it('signs a customer in at once while two-factor is off', async () => {
    const { id, email } = await bank.register();
    const { session } = await bank.login(email);
    const answer = await bank.get('/payments', session);
    assert.deepEqual([answer.status, answer.body], [200, { customerId: id, payments: [] }]);
    assert.equal((await bank.post('/payments', {}, session)).status, 201);
  });

  it('turns two-factor on and asks for a code at the next sign-in', async () => {
    const customer = await bank.enrol();
    const { secondFactor, challenge } = await bank.login(customer.email);
    assert.deepEqual(secondFactor, ['totp', 'otp']);
    assert.equal((await bank.get('/payments', challenge)).status, 401);
    const verified = await bank.post('/security/mfa/verify-totp', { code: customer.phone.code() }, challenge);
    assert.equal(verified.status, 200);
    assert.equal(verified.body.user.id, customer.id);
    const paid = await bank.post('/payments', {}, verified.body.token);
    assert.deepEqual(paid.body, { paid: true, by: customer.id, branch: 'online' });
  });

  it('lets a session pay only after its second factor', async () => {
    const customer = await bank.enrol();
    const { challenge } = await bank.login(customer.email);
    assert.equal((await bank.post('/payments', {}, customer.strong)).status, 201);
    assert.equal((await bank.post('/payments', {}, customer.replaced)).status, 401);
    assert.equal((await bank.post('/payments', {}, challenge)).status, 401);
  });

  it('tells the status of a customer and keeps it in the table of the bank', async () => {
    const customer = await bank.enrol();
    const { body } = await bank.get('/security/mfa/status', customer.strong);
    assert.deepEqual([body.enabled, body.methods, body.hardwareKey], [true, ['totp', 'otp'], null]);
    const rows = await bank.query('SELECT uses_second_factor FROM customer WHERE id = $1', customer.id);
    assert.deepEqual(rows, [{ uses_second_factor: true }]);
  });

  it('mails a code by the words and the gateway of the bank, through the outbox of the library', async () => {
    const customer = await bank.enrol();
    const { challenge } = await bank.login(customer.email);
    assert.equal((await bank.post('/security/mfa/send-otp', {}, challenge)).status, 200);
    const code = await mailedCode(customer.email);
    const verified = await bank.post('/security/mfa/verify-otp', { code }, challenge);
    assert.equal(verified.status, 200);
  });

  it("signs in by a factor of the bank's own, too", async () => {
    const { email } = await bank.register();
    const { session } = await bank.login(email);
    const path = '/security/mfa/hardware-key';
    const registered = await bank.post(`${path}/register`, { password: PASSWORD, label: 'Blue' }, session);
    const secret = Buffer.from(registered.body.secret, 'base64url');
    const prove = async (bearer: string) => {
      const { body } = await bank.post(`${path}/nonce`, {}, bearer);
      const response = createHmac('sha256', secret).update(Buffer.from(body.nonce, 'base64url')).digest('hex');
      return bank.post(`${path}/verify`, { response }, bearer);
    };
    assert.equal((await prove(session)).status, 200);
    const { secondFactor, challenge } = await bank.login(email);
    assert.deepEqual(secondFactor, ['hardware-key']);
    const verified = await prove(challenge);
    assert.equal((await bank.post('/payments', {}, verified.body.token)).status, 201);
  });

  it('shows the secret of an authenticator app during its enrolment and never again', async () => {
    const { email } = await bank.register();
    const { session } = await bank.login(email);
    const staged = await bank.post('/security/mfa/enable', { password: PASSWORD }, session);
    const shown = await bank.post('/security/mfa/get-totp-uri', { password: PASSWORD }, session);
    assert.deepEqual([shown.status, shown.body.totpURI], [200, staged.body.totpURI]);
    const code = new AuthenticatorApp(staged.body.totpURI).code();
    const { body } = await bank.post('/security/mfa/verify-totp', { code }, session);
    const again = await bank.post('/security/mfa/get-totp-uri', { password: PASSWORD }, body.token);
    assert.equal(again.status, 400);
    assert.match(again.body.type, /TOTP_NOT_ENABLED$/);
  });

  /** Waits for the worker, which runs beside the requests. */
  async function mailedCode(email: string): Promise<string> {
    const { sent } = bank.app.get(BankMailSender, { strict: false });
    const isCode = ({ to, subject }: Mail) => to === email && subject === 'Acme Bank: your code';
    const end = Date.now() + 60_000;
    while (!sent.some(isCode) && Date.now() < end) await sleep(100);
    const [code] = sent.find(isCode)?.text.match(/^\d+$/m) ?? [];
    assert.ok(code, 'No code was mailed within a minute');
    return code;
  }
});
