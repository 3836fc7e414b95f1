import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROVES_MAILBOX } from '../../src/two-factor/factors/otp/otp.sql.js';
import { Caller, enrol, openChallenge, PASSWORD, signUp, type Owner } from '../support/client.js';
import { sendOtp, verifyOtp } from '../support/one-time-codes.js';
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
const send = (token: string, body?: object) => sendOtp(service, token, body);
const verify = (token: string, code: string) => verifyOtp(service, token, code);

const staged = async (...owners: readonly Owner[]) =>
  service.query<{ own: boolean; channel: string; codes: number }>(
    `SELECT m.account_id = $2 AS own, m.channel,
       (SELECT count(*) FROM two_factor_backup_code b WHERE b.staged_for = m.id)::integer AS codes
     FROM two_factor_otp_method m WHERE m.account_id = ANY ($1) ORDER BY own, channel`,
    [owners.map(({ id }) => id), owners[0]?.id],
  );

/** Counts an account's open challenges, staged factors and confirmed factors. */
const possessions = async ({ id }: Owner) => {
  const [row] = await service.query<Record<'challenges' | 'staged' | 'confirmed', number>>(
    `SELECT (SELECT count(*) FROM two_factor_challenge WHERE account_id = $1)::integer AS challenges,
       count(*) FILTER (WHERE confirmed_at IS NULL)::integer AS staged, count(confirmed_at)::integer AS confirmed
     FROM (
       SELECT confirmed_at FROM two_factor_authenticator WHERE account_id = $1
       UNION ALL SELECT confirmed_at FROM two_factor_otp_method WHERE account_id = $1
     ) AS factors`,
    [id],
  );
  return row;
};

const confirmNumber = async (token: string, phoneNumber: string) => {
  await enableOtp(token, { phoneNumber });
  expect((await send(token, { channel: 'sms' })).status).toBe(200);
  const { text } = await service.messages.textTo(phoneNumber);
  const confirmed = await verify(token, /\d{6}/.exec(text)?.[0] ?? '');
  expect(confirmed.status).toBe(200);
  return confirmed.body.token;
};

const stageAppAndMail = async (token: string) => {
  expect((await caller.post('/two-factor/enable', { password: PASSWORD }, token)).status).toBe(200);
  expect((await enableOtp(token)).status).toBe(200);
};

describe('a staged delivery method', () => {
  it('is replaced by the next one of its session and channel, and deleted once it has expired; all others stay', async () => {
    const [owner, stranger] = [await signUp(service), await signUp(service)];
    const other = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const codes = 10;
    await enableOtp(owner.token);
    for (const token of [owner.token, other.body.token, stranger.token, owner.token]) {
      expect((await enableOtp(token, { phoneNumber: NUMBER })).status).toBe(200);
    }
    expect(await staged(owner, stranger)).toEqual([
      { own: false, channel: 'sms', codes },
      { own: true, channel: 'mail', codes },
      { own: true, channel: 'sms', codes },
      { own: true, channel: 'sms', codes },
    ]);
    await service.query(
      `UPDATE two_factor_otp_method SET staged_until = now() WHERE account_id = ANY ($1) AND channel = 'sms'`,
      [[owner.id, stranger.id]],
    );
    await enableOtp(owner.token);
    expect(await staged(owner, stranger)).toEqual([
      { own: false, channel: 'sms', codes },
      { own: true, channel: 'mail', codes },
    ]);
  });
});

describe('replacing a telephone number', () => {
  it('burns the challenges and staged factors of its account, and none of another account', async () => {
    const [owner, stranger] = [await enrol(service), await enrol(service)];
    await enableOtp(owner.token);
    await send(owner.token);
    const withMail = await verify(owner.token, await service.messages.codeMailedTo(owner.email));
    const token = await confirmNumber(withMail.body.token, '+4915112345690');
    for (const bearer of [token, stranger.token]) await stageAppAndMail(bearer);
    for (const account of [owner, stranger]) await openChallenge(service, account);
    await confirmNumber(token, '+4915112345691');
    expect(await possessions(owner)).toEqual({ challenges: 0, staged: 0, confirmed: 3 });
    expect(await possessions(stranger)).toEqual({ challenges: 1, staged: 2, confirmed: 1 });
  });

  it('burns no challenge and no staged factor when the number is the first one', async () => {
    const [owner, stranger] = [await enrol(service), await enrol(service)];
    for (const { token } of [owner, stranger]) await stageAppAndMail(token);
    for (const account of [owner, stranger]) await openChallenge(service, account);
    await confirmNumber(owner.token, '+4915112345692');
    expect(await possessions(owner)).toEqual({ challenges: 1, staged: 2, confirmed: 2 });
    expect(await possessions(stranger)).toEqual({ challenges: 1, staged: 2, confirmed: 1 });
  });
});

/** Whether an account with these ways to get codes has a proven mail address. */
const proven = async (...methods: ReadonlyArray<readonly [channel: string, confirmed: boolean]>) => {
  const id = randomUUID();
  for (const [channel, confirmed] of methods) {
    await service.query(
      `INSERT INTO two_factor_otp_method (id, account_id, channel, confirmed_at, staged_by, staged_until)
       VALUES ($1, $2, $3, CASE WHEN $4 THEN now() END, CASE WHEN NOT $4 THEN 'session' END,
         CASE WHEN NOT $4 THEN now() + interval '15 minutes' END)`,
      [randomUUID(), id, channel, confirmed],
    );
  }
  const [row] = await service.query<{ proven: boolean }>(`SELECT ${PROVES_MAILBOX('$1')} AS proven`, [id]);
  return row?.proven;
};

describe('the mail address of an account is proven', () => {
  it('by mail that was confirmed, not by mail that is staged, by a number, or by another account', async () => {
    expect(await proven(['mail', true])).toBe(true);
    expect(await proven(['mail', false], ['sms', true])).toBe(false);
    expect(await proven(['mail', false])).toBe(false);
    expect(await proven(['sms', true])).toBe(false);
    expect(await proven()).toBe(false);
  });
});
