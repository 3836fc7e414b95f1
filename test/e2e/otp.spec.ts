import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PruneJob } from '../../src/two-factor/index.js';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, signUp, type Owner } from '../support/client.js';
import * as codes from '../support/one-time-codes.js';
import { otherCode as another } from '../support/one-time-codes.js';
import { verifyAddress } from '../support/notices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const NUMBER = '+4915112345642';

const enableOtp = (token: string, body: object = {}) =>
  caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp', ...body }, token);
const send = (token: string, body?: object) => codes.sendOtp(service, token, body);
const verify = (token: string, code: string) => codes.verifyOtp(service, token, code);
const coolDown = (owner: Owner) => codes.coolDown(service, owner);
const enrolByMail = () => codes.enrolByMail(service);

describe('mailed codes as the only method', () => {
  it('are on only after the code that was sent came back', async () => {
    const owner = await signUp(service);
    const staged = await enableOtp(owner.token);
    expect(staged).toMatchObject({ status: 200, body: { method: 'otp' } });
    expect(staged.body.backupCodes).toHaveLength(10);
    expect(staged.body.totpURI).toBeUndefined();
    const signIn = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(signIn.body.token).toBeDefined();

    const sent = await send(owner.token);
    expect(sent).toMatchObject({ status: 200, body: { status: true, channel: 'mail', destination: 'o•••@e•••.com' } });
    const code = await service.messages.codeMailedTo(owner.email);
    const confirmed = await verify(owner.token, code);
    expect(confirmed).toMatchObject({ status: 200, body: { status: true, user: { twoFactorEnabled: true } } });
    const challenge = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(challenge.body.twoFactorMethods).toEqual(['otp']);
    expect((await verify(challenge.body.twoFactorToken, code)).body.code).toBe('OTP_HAS_EXPIRED');
  });

  it('sign in once and lift sessions', async () => {
    const owner = await enrolByMail();
    const challenge = await openChallenge(service, owner);
    await send(challenge);
    const code = await service.messages.codeMailedTo(owner.email, 2);
    const verified = await verify(challenge, code);
    expect(verified).toMatchObject({ status: 200, body: { status: true, user: { id: owner.id } } });
    expect((await verify(await openChallenge(service, owner), code)).body.code).toBe('OTP_HAS_EXPIRED');
    expect((await verify(verified.body.token, code)).body.code).toBe('OTP_HAS_EXPIRED');
  });

  it('allow backup codes, and can be disabled', async () => {
    const owner = await enrolByMail();
    const byBackupCode = await caller.post(
      '/two-factor/verify-backup-code',
      { code: owner.backupCodes[0] },
      await openChallenge(service, owner),
    );
    expect(byBackupCode.status).toBe(200);
    const off = await caller.post('/two-factor/disable', { password: PASSWORD }, byBackupCode.body.token);
    expect(off).toMatchObject({ status: 200, body: { user: { twoFactorEnabled: false } } });
    await service.messages.mailTo(owner.email, /off/);
  });

  it('stand alone on a line, before all other digits, in the language of the request', async () => {
    const owner = await signUp(service);
    await enableOtp(owner.token);
    await caller.post('/two-factor/send-otp', {}, owner.token, { 'accept-language': 'de-AT, en;q=0.5' });
    const mail = await service.messages.mailTo(owner.email);
    expect(/\d+/.exec(mail.text)?.[0]).toMatch(/^\d{6}$/);
    expect(mail.text).toMatch(/Minuten/);
    expect(mail.html).toContain(/\d{6}/.exec(mail.text)?.[0]);
  });
});

describe('a null field', () => {
  it('counts as omitted when a method is staged and when a code is requested', async () => {
    const { token } = await signUp(service);
    expect((await enableOtp(token, { channel: null, phoneNumber: null })).status).toBe(200);
    expect((await send(token, { channel: null })).body).toMatchObject({ status: true, channel: 'mail' });
  });
});

describe('sending a code again', () => {
  it('waits for the cool-down, then sends the same code', async () => {
    const owner = await enrolByMail();
    const challenge = await openChallenge(service, owner);
    await send(challenge);
    const early = await send(challenge);
    expect(early).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(early.headers.get('retry-after'))).toBeLessThanOrEqual(30);
    await coolDown(owner);
    expect((await send(challenge)).status).toBe(200);
    const [first, again] = [
      await service.messages.codeMailedTo(owner.email, 2),
      await service.messages.codeMailedTo(owner.email, 3),
    ];
    expect(again).toBe(first);
    expect((await verify(challenge, first)).status).toBe(200);
  });
});

describe('the budgets of sends', () => {
  it('are deleted by a job once they are full again', async () => {
    await service.query(
      `INSERT INTO two_factor_send_budget (bucket, refilled_at)
       SELECT 'stale:' || n, now() - interval '1 hour' FROM generate_series(1, 3) n
       UNION ALL SELECT 'live', now() + interval '1 minute'`,
    );
    await service.app.get(PruneJob, { strict: false }).run();
    expect(
      await service.query(`SELECT bucket FROM two_factor_send_budget WHERE bucket LIKE 'stale:%' OR bucket = 'live'`),
    ).toEqual([{ bucket: 'live' }]);
  });

  it('start as new when a full one is needed again', async () => {
    const owner = await enrolByMail();
    const bucket = `account:${owner.id}`;
    await service.query(
      `UPDATE two_factor_send_budget SET refilled_at = now() - interval '20 hours' WHERE bucket = $1`,
      [bucket],
    );
    expect((await send(await openChallenge(service, owner))).status).toBe(200);
    const [row] = await service.query<{ minutes: number }>(
      `SELECT ceil(extract(epoch FROM refilled_at - now()) / 60)::integer AS minutes
       FROM two_factor_send_budget WHERE bucket = $1`,
      [bucket],
    );
    expect(row?.minutes).toBeGreaterThan(30);
    expect(row?.minutes).toBeLessThanOrEqual(60);
  });
});

describe('expired codes', () => {
  it('are deleted by a job, except codes of challenges that live, which count the sends', async () => {
    const owner = await enrol(service);
    const other = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const lifted = await caller.post(
      '/two-factor/verify-totp',
      { code: owner.app.nextCode() },
      await openChallenge(service, owner),
    );
    for (const bearer of [lifted.body.token, challenge, other.token]) {
      expect((await send(bearer)).status).toBe(200);
      await coolDown(owner);
    }
    const over = await service.query<{ binding: string }>(
      `UPDATE two_factor_one_time_code SET expires_at = now() WHERE account_id IN ($1, $2) RETURNING binding, account_id`,
      [owner.id, other.id],
    );
    expect(over).toHaveLength(3);
    await service.app.get(PruneJob, { strict: false }).run();
    expect((await send(owner.token)).status).toBe(200);
    const left = await service.query<{ kind: string; live: boolean }>(
      `SELECT account_id = $1 AS own, split_part(binding, ':', 1) AS kind, expires_at > now() AS live
       FROM two_factor_one_time_code WHERE account_id IN ($1, $2) ORDER BY own, kind`,
      [owner.id, other.id],
    );
    expect(left).toEqual([
      { own: true, kind: 'challenge', live: false },
      { own: true, kind: 'session', live: true },
    ]);
  });
});

describe('a used code', () => {
  it("leaves the codes of the account's other challenges valid", async () => {
    const owner = await enrolByMail();
    const challenges = [await openChallenge(service, owner), await openChallenge(service, owner)];
    for (const challenge of challenges) {
      expect((await send(challenge)).status).toBe(200);
      await coolDown(owner);
    }
    for (const [index, challenge] of challenges.entries()) {
      const code = await service.messages.codeMailedTo(owner.email, index + 2);
      expect((await verify(challenge, code)).status).toBe(200);
    }
  });
});

describe('texted codes', () => {
  it('prove the number before they are on, and store it sealed', async () => {
    const owner = await enrol(service);
    const staged = await enableOtp(owner.token, { channel: 'sms', phoneNumber: '+49 151 123 456 42' });
    expect(staged.body).toEqual({ method: 'otp' });
    const sent = await send(owner.token);
    expect(sent.body).toMatchObject({ channel: 'sms', destination: '+49 ••• 42' });
    const text = await service.messages.textTo(NUMBER);
    const confirmed = await verify(owner.token, /\d{6}/.exec(text.text)?.[0] ?? '');
    expect(confirmed.status).toBe(200);
    const [row] = await service.query<{ row: string }>(
      `SELECT m::text AS row FROM two_factor_otp_method m WHERE account_id = $1`,
      [owner.id],
    );
    expect(row?.row).not.toContain('12345642');

    const challenge = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(challenge.body.twoFactorMethods).toEqual(['totp', 'otp']);
    expect((await send(challenge.body.twoFactorToken, { channel: 'sms' })).body.channel).toBe('sms');
  });

  it.each([
    [{ channel: 'sms' }, 'phoneNumber'],
    [{ channel: 'sms', phoneNumber: null }, 'phoneNumber'],
    [{ channel: 'sms', phoneNumber: 'call me' }, 'phoneNumber'],
    [{ channel: 'pigeon' }, 'channel'],
    [{ channel: 'sms', phoneNumber: 42 }, 'phoneNumber'],
  ])('are refused for %j, with the field named', async (body, field) => {
    const { token } = await signUp(service);
    const answer = await enableOtp(token, body);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_ERROR', errors: { [field]: [expect.anything()] } },
    });
  });
});

describe('an account with an authenticator app', () => {
  it('may receive codes at its own mail address', async () => {
    const owner = await enrol(service);
    const challenge = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(challenge.body.twoFactorMethods).toEqual(['totp', 'otp']);
    await send(challenge.body.twoFactorToken);
    const verified = await verify(challenge.body.twoFactorToken, await service.messages.codeMailedTo(owner.email));
    expect(verified.status).toBe(200);
  });

  it('shares one budget of guesses between app and mail', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    await send(challenge);
    const code = await service.messages.codeMailedTo(owner.email);
    for (let n = 0; n < 3; n++) await verify(challenge, another(code));
    for (let n = 0; n < 2; n++) {
      await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, challenge);
    }
    expect((await verify(challenge, code)).body.code).toBe('TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
  });

  it('adds mail without losing codes and challenges of other sessions', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    await send(challenge);
    const elsewhere = await service.messages.codeMailedTo(owner.email);
    await enableOtp(owner.token);
    await send(owner.token);
    expect((await verify(owner.token, await service.messages.codeMailedTo(owner.email, 2))).status).toBe(200);
    expect((await verify(challenge, elsewhere)).status).toBe(200);
  });

  it('adds mail without loss to the backup codes that are staged with a new authenticator app', async () => {
    const owner = await enrol(service);
    const { body } = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    await enableOtp(owner.token);
    await send(owner.token);
    const added = await verify(owner.token, await service.messages.codeMailedTo(owner.email));
    const code = new AuthenticatorApp(body.totpURI, service).code();
    const confirmed = await caller.post('/two-factor/verify-totp', { code }, added.body.token);
    expect(confirmed.status).toBe(200);
    const byNewCode = await caller.post(
      '/two-factor/verify-backup-code',
      { code: body.backupCodes[0] },
      confirmed.body.token,
    );
    expect(byNewCode.status).toBe(200);
  });

  it('cannot confirm mail once the staged method has expired', async () => {
    const owner = await enrol(service);
    await enableOtp(owner.token);
    await send(owner.token);
    await service.query('UPDATE two_factor_otp_method SET staged_until = now() WHERE account_id = $1', [owner.id]);
    const late = await verify(owner.token, await service.messages.codeMailedTo(owner.email));
    expect(late).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
  });

  it('receives a new code when it stages mail while a code to its address is still valid', async () => {
    const owner = await enrol(service);
    await send(owner.token);
    const before = await service.messages.codeMailedTo(owner.email);
    await enableOtp(owner.token);
    await coolDown(owner);
    expect((await send(owner.token)).status).toBe(200);
    const code = await service.messages.codeMailedTo(owner.email, 2);
    expect(code).not.toBe(before);
    expect((await verify(owner.token, code)).status).toBe(200);
  });

  it('confirms the staged method first when the session staged one', async () => {
    const owner = await enrol(service);
    await enableOtp(owner.token);
    await send(owner.token);
    const confirmed = await verify(owner.token, await service.messages.codeMailedTo(owner.email));
    expect(confirmed.status).toBe(200);
    const [row] = await service.query('SELECT channel FROM two_factor_otp_method WHERE account_id = $1', [owner.id]);
    expect(row).toEqual({ channel: 'mail' });
    expect(await verify(confirmed.body.token, '123456')).toMatchObject({ body: { code: 'OTP_HAS_EXPIRED' } });
  });
});

describe('an account without a second factor', () => {
  it('sends no code before enrolment is confirmed', async () => {
    const { token } = await signUp(service);
    expect(await send(token)).toMatchObject({ status: 400, body: { code: 'OTP_NOT_ENABLED' } });
    expect((await caller.post('/two-factor/enable', { password: PASSWORD }, token)).status).toBe(200);
    expect(await send(token)).toMatchObject({ status: 400, body: { code: 'OTP_NOT_ENABLED' } });
  });
});

describe("the owner's mailbox", () => {
  it('receives notices of two-factor turned on, a used backup code, a replaced authenticator and a lock', async () => {
    const owner = await enrol(service);
    await service.messages.mailTo(owner.email, /on/);
    // The test causes more notices than an unproven address may receive.
    await verifyAddress(service, owner.id);
    await caller.post(
      '/two-factor/verify-backup-code',
      { code: owner.backupCodes[0] },
      await openChallenge(service, owner),
    );
    const used = await service.messages.mailTo(owner.email, /\b9\b/);
    expect(used.text).toMatch(/backup code/i);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, owner.token);
    await service.messages.mailTo(owner.email, /new authenticator/i);
    for (let n = 0; n < 2; n++) {
      const challenge = await openChallenge(service, owner);
      for (let m = 0; m < 5; m++) {
        await caller.post('/two-factor/verify-totp', { code: app.wrongCode() }, challenge);
      }
    }
    await service.messages.mailTo(owner.email, /too many wrong codes/i);
    for (const { text } of service.messages.mailsTo(owner.email)) expect(text).not.toMatch(/\d{6}/);
  });
});

describe('a service without the fallback to mail', () => {
  it('sends no code to an account with an authenticator app, unless it added mail as a method', async () => {
    const strict = await startTestService({ messages: true, config: { mailFallback: false } });
    try {
      const owner = await enrol(strict);
      const program = new Caller(strict);
      const challenge = async () =>
        (await program.post('/sign-in/email', { email: owner.email, password: PASSWORD })).body;
      const first = await challenge();
      expect(first.twoFactorMethods).toEqual(['totp']);
      expect((await codes.sendOtp(strict, first.twoFactorToken)).body.code).toBe('OTP_NOT_ENABLED');
      await program.post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, owner.token);
      await codes.sendOtp(strict, owner.token);
      await codes.verifyOtp(strict, owner.token, await strict.messages.codeMailedTo(owner.email));
      expect((await challenge()).twoFactorMethods).toEqual(['totp', 'otp']);
    } finally {
      await strict.close();
    }
  });
});

describe('a service that can send no messages', () => {
  it('refuses every code with OTP_NOT_CONFIGURED while the challenge lives, and as a dead challenge afterwards', async () => {
    const mute = await startTestService();
    try {
      const owner = await enrol(mute);
      const challenge = await openChallenge(mute, owner);
      for (const bearer of [owner.token, challenge]) {
        const refused = await codes.verifyOtp(mute, bearer, '000000');
        expect(refused).toMatchObject({ status: 400, body: { code: 'OTP_NOT_CONFIGURED' } });
      }
      // A challenge without guesses left is dead only after a response has reported that.
      await mute.query('UPDATE two_factor_challenge SET guesses = 5 WHERE account_id = $1', [owner.id]);
      expect((await codes.verifyOtp(mute, challenge, '000000')).body.code).toBe('OTP_NOT_CONFIGURED');
      await mute.query('UPDATE two_factor_challenge SET expires_at = now() WHERE account_id = $1', [owner.id]);
      const late = await codes.verifyOtp(mute, challenge, '000000');
      expect(late).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } });
    } finally {
      await mute.close();
    }
  });
});

describe('replacing an authenticator', () => {
  it('burns the codes that were sent in its session, and none of another account', async () => {
    const [owner, other, third] = [await enrol(service), await enrol(service), await enrolByMail()];
    await send(owner.token);
    const pending = await service.messages.codeMailedTo(owner.email);
    await send(other.token);
    const foreign = await service.messages.codeMailedTo(other.email);
    const challenge = await openChallenge(service, third);
    await send(challenge);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    const replaced = await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, owner.token);
    expect(replaced.status).toBe(200);
    expect((await verify(replaced.body.token, pending)).body.code).toBe('OTP_HAS_EXPIRED');
    expect((await verify(other.token, foreign)).status).toBe(200);
    expect((await verify(challenge, await service.messages.codeMailedTo(third.email, 2))).status).toBe(200);
  });

  it('keeps confirmed telephone numbers', async () => {
    const owner = await enrol(service);
    const number = '+4915112345677';
    await enableOtp(owner.token, { channel: 'sms', phoneNumber: number });
    await send(owner.token);
    const { text } = await service.messages.textTo(number);
    const proven = await verify(owner.token, /\d{6}/.exec(text)?.[0] ?? '');
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, proven.body.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    const replaced = await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, proven.body.token);
    expect(replaced.status).toBe(200);
    const sent = await send(await openChallenge(service, owner), { channel: 'sms' });
    expect(sent).toMatchObject({ status: 200, body: { channel: 'sms' } });
  });

  it('keeps codes and challenges when the authenticator is the first one, added to another method', async () => {
    const owner = await enrolByMail();
    const challenge = await openChallenge(service, owner);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    await coolDown(owner);
    await send(owner.token);
    const code = await service.messages.codeMailedTo(owner.email, 2);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    const added = await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, owner.token);
    expect(added.status).toBe(200);
    expect((await verify(added.body.token, code)).status).toBe(200);
    const entered = await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, challenge);
    expect(entered.status).toBe(200);
  });
});
