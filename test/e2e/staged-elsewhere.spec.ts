import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Caller, PASSWORD, signUp } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

/*
 * Whoever had the password alone, and staged a factor before the owner turned two-factor on, must not confirm it
 * afterwards: a factor would be added, and a session lifted, without any second factor [ASVS 7.5.1].
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

/** Two sessions of one account: the owner's, and one of somebody who knows the password. */
async function twoSessions(): Promise<{ email: string; owner: string; other: string }> {
  const { email, token } = await signUp(service);
  const { body } = await caller.post('/sign-in/email', { email, password: PASSWORD });
  return { email, owner: token, other: body.token };
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

describe('what a session staged before another one turned two-factor on', () => {
  it('is no authenticator to it any more', async () => {
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

  it('is no number that codes are texted to', async () => {
    const { owner, other } = await twoSessions();
    await post('enable', { password: PASSWORD, method: 'otp', phoneNumber: NUMBER }, other);
    await enrolByApp(owner);
    const refused = await post('send-otp', { channel: 'sms' }, other);
    expect(refused).toMatchObject({ status: 400, body: { code: 'OTP_NOT_ENABLED' } });
    expect(service.messages.sms.sent.filter(({ to }) => to === NUMBER)).toEqual([]);
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

  it('has to be staged again when that session has verified a second factor', async () => {
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

  it('is not confirmed where it was staged while the owner confirmed', async () => {
    const { email, owner, other } = await twoSessions();
    const { body } = await post('enable', { password: PASSWORD }, other);
    // As a staging leaves it that did not see the confirmation yet, and was not seen by it.
    const [id] = await service.query<{ account_id: string }>(
      'SELECT account_id FROM two_factor_authenticator WHERE issuer = $1 ORDER BY created_at DESC LIMIT 1',
      ['Test'],
    );
    const rows = await service.query('DELETE FROM two_factor_authenticator WHERE account_id = $1 RETURNING *', [
      id?.account_id,
    ]);
    const strong = await enrolByMail(email, owner);
    await service.query(
      'INSERT INTO two_factor_authenticator SELECT * FROM jsonb_populate_recordset(NULL::two_factor_authenticator, $1)',
      [JSON.stringify(rows)],
    );
    const refused = await post('verify-totp', { code: new AuthenticatorApp(body.totpURI, service).code() }, other);
    expect(refused).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
    const status = await caller.get<{ methods: string[] }>('/two-factor/status', strong);
    expect(status.body.methods).toEqual(['otp']);
  });
});
