import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, PASSWORD, signUp, AuthenticatorApp } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

/** All calls that change or show a factor of the account. */
const SENSITIVE: ReadonlyArray<readonly [method: string, path: string, body?: object]> = [
  ['POST', '/two-factor/disable', { password: PASSWORD }],
  ['POST', '/two-factor/enable', { password: PASSWORD }],
  ['POST', '/two-factor/enable', { password: PASSWORD, method: 'otp' }],
  ['POST', '/two-factor/get-totp-uri', { password: PASSWORD }],
  ['POST', '/two-factor/get-totp-qr', { password: PASSWORD }],
  ['POST', '/two-factor/generate-backup-codes', { password: PASSWORD }],
  ['POST', '/change-password', { currentPassword: PASSWORD, newPassword: 'another horse battery' }],
  ['POST', '/revoke-other-sessions', {}],
  ['POST', '/revoke-sessions', {}],
  ['DELETE', '/two-factor/trusted-devices'],
];

class Wire extends Caller {
  call(method: string, path: string, body: object | undefined, bearer: string) {
    return this.send<{ code?: string }>(method, path, body, { authorization: `Bearer ${bearer}` });
  }
}

async function expectWeak(bearer: string): Promise<void> {
  for (const [method, path, body] of SENSITIVE) {
    const answer = await new Wire(service).call(method, path, body, bearer);
    expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'SECOND_FACTOR_REQUIRED']);
  }
}

/** The factors of an account, as stored in the tables. */
const factorsOf = (id: string) =>
  service.query(
    `SELECT a.id::text, a.secret FROM two_factor_authenticator a WHERE account_id = $1
     UNION ALL SELECT encode(code_hash, 'hex'), '' FROM two_factor_backup_code WHERE account_id = $1
     UNION ALL SELECT id::text, password_hash FROM users WHERE id::text = $1 ORDER BY 1`,
    [id],
  );

describe('control 26: only a session with a recent second factor changes factors, and the owner is notified [ASVS 7.5.1]', () => {
  it('refuses a session from before two-factor was turned on everywhere, and changes nothing', async () => {
    const owner = await signUp(service);
    const before = (await signIn(service, owner.email)).body.token;
    const { body } = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    await caller.post(
      '/two-factor/verify-totp',
      { code: new AuthenticatorApp(body.totpURI, service).code() },
      owner.token,
    );
    const factors = await factorsOf(owner.id);
    expect(factors).toHaveLength(12);
    await expectWeak(before);
    expect(await factorsOf(owner.id)).toEqual(factors);
  });

  it('refuses a session that a trusted device opened, until a code steps it up', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { token } = (await signIn(service, owner.email, device)).body;
    await expectWeak(token);
    const lifted = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, token);
    const off = await caller.post('/two-factor/disable', { password: PASSWORD }, lifted.body.token);
    expect(off).toMatchObject({ status: 200, body: { user: { twoFactorEnabled: false } } });
  });

  it('refuses a session whose second factor is a day old', async () => {
    const owner = await enrol(service);
    await service.query(`UPDATE sessions SET second_factor_at = now() - interval '24 hours' WHERE user_id = $1`, [
      owner.id,
    ]);
    await expectWeak(owner.token);
  });

  it('requires the password from a strong session too', async () => {
    const owner = await enrol(service);
    for (const path of ['disable', 'enable', 'get-totp-uri', 'get-totp-qr', 'generate-backup-codes']) {
      const answer = await caller.post(`/two-factor/${path}`, { password: 'not the password' }, owner.token);
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, 'INVALID_PASSWORD']);
    }
  });

  it('notifies the owner by mail and the host by event when two-factor is turned off', async () => {
    const owner = await enrol(service);
    await caller.post('/two-factor/disable', { password: PASSWORD }, owner.token);
    const mail = await service.messages.mailTo(owner.email, /turned off/);
    expect(mail.text).not.toMatch(/\d{6}/);
    expect(service.events).toContainEqual(
      expect.objectContaining({ name: 'two-factor.disabled', accountId: owner.id }),
    );
  });
});
