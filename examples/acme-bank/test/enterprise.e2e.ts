import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Answer } from './bank-client.js';
import { PASSWORD, RunningBank } from './running-bank.js';

const PROBLEMS = 'https://acme-bank.example/problems/';

describe('the rules of the bank for all of its routes', () => {
  let bank: RunningBank;
  before(async () => {
    bank = await RunningBank.start();
  });
  after(() => bank.close());

  it('answer every error as RFC 9457 says, whether it comes from the library or from the bank', async () => {
    const { email } = await bank.register();
    const { session } = await bank.login(email);
    const enable = '/security/mfa/enable';
    // The library: its guard, and a route.
    assertProblem(await bank.post(enable, { password: PASSWORD }), 401, 'UNAUTHORIZED');
    assertProblem(await bank.post(enable, { password: 'wrong' }, session), 400, 'INVALID_PASSWORD');
    // The bank: its guard, its pipe before a route of the library and before its own, its routes, and what is no route.
    assertProblem(await bank.get('/payments'), 401);
    assertProblem(await bank.post(enable, {}, session), 400);
    assertProblem(await bank.post('/login', { email }), 400);
    assertProblem(await bank.post('/login', { email, password: 'wrong' }), 401);
    assertProblem(await bank.get('/nowhere', session), 404);
    // The library's guard on a route of the bank.
    const weak = await sessionOfTrustedDevice();
    assertProblem(await bank.post('/payments', {}, weak), 403, 'SECOND_FACTOR_REQUIRED');
  });

  it('are the same in the OpenAPI document', async () => {
    const { paths } = await bank.document();
    const responses = paths['/api/v1/security/mfa/verify-totp']?.post?.responses;
    assert.match(JSON.stringify(responses?.['401']), /#\/components\/schemas\/Problem/);
  });

  it('put the library below the path of the bank, without the two routes that it leaves out', async () => {
    const { session } = await bank.login((await bank.register()).email);
    const body = { password: PASSWORD };
    assertProblem(await bank.post('/two-factor/enable', body, session), 404);
    assertProblem(await bank.post('/security/mfa/disable', body, session), 404);
    assertProblem(await bank.post('/security/mfa/get-totp-qr', body, session), 404);
    const paths = Object.keys((await bank.document()).paths);
    assert.ok(paths.includes('/api/v1/security/mfa/enable'));
    assert.ok(!paths.some((path) => /two-factor|disable|get-totp-qr/.test(path)));
  });

  it('refuse members that no body has, and take those of every factor', async () => {
    const { session } = await bank.login((await bank.register()).email);
    for (const [path, body] of [
      ['verify-totp', { code: '000000', admin: true }],
      ['enable', { password: PASSWORD, admin: true }],
    ] as const) {
      const refused = await bank.post(`/security/mfa/${path}`, body, session);
      assertProblem(refused, 400);
      assert.equal(refused.body.detail, 'property admin should not exist');
    }
    const body = { password: PASSWORD, method: 'totp', issuer: 'Acme Bank', channel: null };
    assert.equal((await bank.post('/security/mfa/enable', body, session)).status, 200);
  });

  it('write each event into the audit table in the transaction of what it tells', async () => {
    const customer = await bank.enrol();
    const entries = () => bank.query('SELECT name FROM audit_entry WHERE customer_id = $1 ORDER BY id', customer.id);
    const names = (await entries()).map(({ name }) => name);
    assert.deepEqual(names, ['two-factor.enabled', 'two-factor.verified']);
    // The audit table refuses the next entry of this customer, so the change that it tells of must not happen.
    await bank.query(
      `ALTER TABLE audit_entry ADD CONSTRAINT audit_is_full CHECK (customer_id <> ${customer.id}) NOT VALID`,
    );
    const codes = () =>
      bank.query('SELECT b::text AS row FROM two_factor_backup_code b WHERE account_id = $1 ORDER BY 1', customer.id);
    try {
      const kept = await codes();
      const body = { password: PASSWORD };
      assertProblem(await bank.post('/security/mfa/generate-backup-codes', body, customer.strong), 500);
      assert.equal(kept.length, 10);
      assert.deepEqual(await codes(), kept);
    } finally {
      await bank.query('ALTER TABLE audit_entry DROP CONSTRAINT audit_is_full');
    }
  });

  /** A session of a customer with two-factor on who did not prove the second factor this time. */
  async function sessionOfTrustedDevice(): Promise<string> {
    const { email, phone, strong } = await bank.enrol();
    const body = { code: phone.code(), trustDevice: true };
    const trusted = await bank.post('/security/mfa/verify-totp', body, strong);
    const headers = { 'x-trusted-device': trusted.body.trustedDeviceToken };
    return (await bank.login(email, headers)).session;
  }

  it('keep all tables in the schema of the bank', async () => {
    const rows = await bank.query(
      `SELECT DISTINCT schemaname FROM pg_tables WHERE tablename ~ '^(two_factor|bank_|customer|audit)'`,
    );
    assert.deepEqual(rows, [{ schemaname: 'bank' }]);
  });
});

function assertProblem({ status, type, body }: Answer, expected: number, code?: string): void {
  assert.equal(status, expected);
  assert.match(type, /^application\/problem\+json/);
  assert.equal(body.type, code === undefined ? 'about:blank' : PROBLEMS + code);
  assert.equal(body.status, expected);
}
