import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Caller, PASSWORD, signUp } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

/*
 * A thief who knows the password alone may stage a factor before the owner turns two-factor on. It must not be possible
 * to confirm that factor later: a factor would be added and a session lifted without any second factor [ASVS 7.5.1].
 */

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const post = (path: string, body: object, token: string) => caller.post(`/two-factor/${path}`, body, token);

const NUMBER = '+4915112345678';

/** Opens two sessions of one account: the owner's, and one of a thief who knows the password. */
async function twoSessions(): Promise<{ id: string; email: string; owner: string; other: string }> {
  const { id, email, token } = await signUp(service);
  const { body } = await caller.post('/sign-in/email', { email, password: PASSWORD });
  return { id, email, owner: token, other: body.token };
}

/**
 * Hides rows of an account for a while. This imitates a staging that did not yet see another session's confirmation,
 * and that the confirmation did not see.
 */
async function takeAway(accountId: string, ...tables: string[]): Promise<() => Promise<void>> {
  const taken: Array<{ table: string; rows: string }> = [];
  for (const table of tables) {
    const rows = await service.query<{ row: object }>(
      `DELETE FROM ${table} WHERE account_id = $1 RETURNING to_jsonb(${table}) AS row`,
      [accountId],
    );
    taken.unshift({ table, rows: JSON.stringify(rows.map(({ row }) => row)) });
  }
  return async () => {
    for (const { table, rows } of taken) {
      await service.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`, [rows]);
    }
  };
}

async function enrolByMail(email: string, token: string): Promise<string> {
  await post('enable', { password: PASSWORD, method: 'otp' }, token);
  await post('send-otp', {}, token);
  const confirmed = await post('verify-otp', { code: await service.messages.codeMailedTo(email) }, token);
  expect(confirmed.status).toBe(200);
  return confirmed.body.token;
}

async function enrolByApp(token: string): Promise<string> {
  const staged = await post('enable', { password: PASSWORD }, token);
  const code = new AuthenticatorApp(staged.body.totpURI, service).code();
  const confirmed = await post('verify-totp', { code }, token);
  expect(confirmed.status).toBe(200);
  return confirmed.body.token;
}

describe('a factor that a session staged before another session turned two-factor on', () => {
  it('is not usable by that session as an authenticator', async () => {
    const { email, owner, other } = await twoSessions();
    const { body } = await post('enable', { password: PASSWORD }, other);
    const app = new AuthenticatorApp(body.totpURI, service);
    const strong = await enrolByMail(email, owner);
    const confirmed = await post('verify-totp', { code: app.code() }, other);
    expect(confirmed).toMatchObject({ status: 400, body: { code: 'TOTP_NOT_ENABLED' } });
    const shown = await post('get-totp-uri', { password: PASSWORD }, other);
    expect(shown).toMatchObject({ status: 400, body: { code: 'TOTP_NOT_ENABLED' } });
    const status = await caller.get<{ methods: string[] }>('/two-factor/status', strong);
    expect(status.body.methods).toEqual(['otp']);
  });

  it('is not used as a number that codes are texted to', async () => {
    const { owner, other } = await twoSessions();
    await post('enable', { password: PASSWORD, method: 'otp', phoneNumber: NUMBER }, other);
    await enrolByApp(owner);
    const refused = await post('send-otp', { channel: 'sms' }, other);
    expect(refused).toMatchObject({ status: 400, body: { code: 'OTP_NOT_ENABLED' } });
    expect(service.messages.sms.sent.filter(({ to }) => to === NUMBER)).toEqual([]);
  });

  it('is not used as a number when the owner chose mail, but a number that the owner staged stays usable', async () => {
    const { email, owner, other } = await twoSessions();
    const [owners, others] = ['+4915112345681', '+4915112345682'];
    await post('enable', { password: PASSWORD, method: 'otp', phoneNumber: others }, other);
    await post('enable', { password: PASSWORD, method: 'otp', phoneNumber: owners }, owner);
    const strong = await enrolByMail(email, owner);
    const refused = await post('send-otp', { channel: 'sms' }, other);
    expect(refused).toMatchObject({ status: 400, body: { code: 'OTP_NOT_ENABLED' } });
    expect((await post('send-otp', { channel: 'sms' }, strong)).body).toMatchObject({ channel: 'sms' });
    const { text } = await service.messages.textTo(owners);
    expect((await post('verify-otp', { code: /\d{6}/.exec(text)?.[0] }, strong)).status).toBe(200);
    expect(service.messages.sms.sent.filter(({ to }) => to === others)).toEqual([]);
  });

  it('receives no code that the owner requested', async () => {
    const { owner, other } = await twoSessions();
    const number = '+4915112345680';
    await post('enable', { password: PASSWORD, method: 'otp' }, owner);
    await post('enable', { password: PASSWORD, method: 'otp', phoneNumber: number }, other);
    expect((await post('send-otp', {}, owner)).body).toMatchObject({ status: true, channel: 'mail' });
    expect(service.messages.sms.sent.filter(({ to }) => to === number)).toEqual([]);
  });

  it('is not confirmed by a code that was sent before', async () => {
    const { owner, other } = await twoSessions();
    const number = '+4915112345679';
    await post('enable', { password: PASSWORD, method: 'otp', phoneNumber: number }, other);
    await post('send-otp', { channel: 'sms' }, other);
    const { text } = await service.messages.textTo(number);
    const code = /\d{6}/.exec(text)?.[0] ?? '';
    const strong = await enrolByApp(owner);
    const refused = await post('verify-otp', { code }, other);
    expect(refused).toMatchObject({ status: 400, body: { code: 'OTP_HAS_EXPIRED' } });
    const status = await caller.get<{ otpDestinations: Array<{ channel: string }> }>('/two-factor/status', strong);
    expect(status.body.otpDestinations.map(({ channel }) => channel)).toEqual(['mail']);
  });

  it('has to be staged again once that session has verified a second factor', async () => {
    const { email, owner, other } = await twoSessions();
    const { body: before } = await post('enable', { password: PASSWORD }, other);
    await enrolByMail(email, owner);
    await post('send-otp', {}, other);
    const lifted = await post('verify-otp', { code: await service.messages.codeMailedTo(email, 2) }, other);
    expect(lifted.status).toBe(200);
    const code = new AuthenticatorApp(before.totpURI, service).code();
    const gone = await post('verify-totp', { code }, lifted.body.token);
    expect(gone).toMatchObject({ status: 400, body: { code: 'TOTP_NOT_ENABLED' } });
    await enrolByApp(lifted.body.token);
  });

  it('is not confirmed when it was staged while the owner confirmed another one', async () => {
    const { id, email, owner, other } = await twoSessions();
    const { body } = await post('enable', { password: PASSWORD }, other);
    const putBack = await takeAway(id, 'two_factor_authenticator');
    const strong = await enrolByMail(email, owner);
    await putBack();
    const refused = await post('verify-totp', { code: new AuthenticatorApp(body.totpURI, service).code() }, other);
    expect(refused).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
    const status = await caller.get<{ methods: string[] }>('/two-factor/status', strong);
    expect(status.body.methods).toEqual(['otp']);
  });

  it('is not confirmed by a mailed code when it was staged while the owner confirmed another one', async () => {
    const { id, email, owner, other } = await twoSessions();
    await post('enable', { password: PASSWORD, method: 'otp' }, other);
    await post('send-otp', {}, other);
    const code = await service.messages.codeMailedTo(email);
    const putBack = await takeAway(id, 'two_factor_one_time_code', 'two_factor_otp_method');
    await enrolByApp(owner);
    await putBack();
    const refused = await post('verify-otp', { code }, other);
    expect(refused).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
    const confirmed = 'SELECT FROM two_factor_otp_method WHERE account_id = $1 AND confirmed_at IS NOT NULL';
    expect(await service.query(confirmed, [id])).toEqual([]);
  });
});
