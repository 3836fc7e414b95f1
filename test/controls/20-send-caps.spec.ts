import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, openChallenge, PASSWORD, signUp, type Owner } from '../support/client.js';
import { coolDown, enrolByMail, leaveSends, sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let strict: TestService;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  strict = await startTestService({ messages: true, config: { smsCountries: ['AT', 'DE'], smsPerDay: 40 } });
});
afterAll(async () => {
  await strict.close();
  await service.close();
});

const stageNumber = (at: TestService, { token }: Pick<Owner, 'token'>, phoneNumber: string) =>
  new Caller(at).post('/two-factor/enable', { password: PASSWORD, method: 'otp', phoneNumber }, token);

/** Counts the queued or sent codes. These cost money. */
const codesTo = (email: string) => service.messages.mailsTo(email).filter(({ text }) => /^\d{6}$/m.test(text)).length;

/** Leaves the given number of sends to the destination of the last send. */
const leaveDestination = async (left: number) => {
  const [last] = await service.query<{ bucket: string }>(
    `SELECT bucket FROM two_factor_send_budget WHERE bucket LIKE 'destination:%' ORDER BY xmin::text::bigint DESC LIMIT 1`,
  );
  if (!last) throw new Error('No destination was counted');
  await leaveSends(service, last.bucket, left);
};

const jobs = async (at: TestService) =>
  Number((await at.query<{ n: string }>('SELECT count(*) AS n FROM two_factor_outbox'))[0]?.n);

describe('control 20: sends are limited by challenge, account, destination and day, before a provider is called [OWASP API4, API6]', () => {
  it('sends five codes for a challenge, 30 seconds apart', async () => {
    const owner = await enrolByMail(service);
    const challenge = await openChallenge(service, owner);
    for (let n = 0; n < 5; n++) {
      expect((await sendOtp(service, challenge)).status).toBe(200);
      const early = await sendOtp(service, challenge);
      expect([early.status, early.body.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
      const wait = Number(early.headers.get('retry-after'));
      // After the last send only a new challenge helps, and this challenge lives ten minutes.
      expect(n < 4 ? wait <= 30 : wait > 500).toBe(true);
      await coolDown(service, owner);
    }
    expect((await sendOtp(service, challenge)).status).toBe(429);
    await service.messages.codeMailedTo(owner.email, 6);
    expect(codesTo(owner.email)).toBe(6);
  });

  it('sends ten codes at once for an account, over all its challenges, and then one an hour', async () => {
    const owner = await enrolByMail(service);
    await leaveSends(service, `account:${owner.id}`, 1);
    expect((await sendOtp(service, await openChallenge(service, owner))).status).toBe(200);
    await coolDown(service, owner);
    const refused = await sendOtp(service, await openChallenge(service, owner));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(3600);
    await service.query(
      `UPDATE two_factor_send_budget SET refilled_at = refilled_at - interval '1 hour' WHERE bucket = $1`,
      [`account:${owner.id}`],
    );
    expect((await sendOtp(service, await openChallenge(service, owner))).status).toBe(200);
  });

  it('uses up nothing with a refused send, and tells the longer of two waits', async () => {
    const owner = await enrolByMail(service);
    const challenge = await openChallenge(service, owner);
    expect((await sendOtp(service, challenge)).status).toBe(200);
    const used = async () =>
      service.query('SELECT bucket, refilled_at FROM two_factor_send_budget ORDER BY bucket COLLATE "C"');
    const before = await used();
    expect((await sendOtp(service, challenge)).status).toBe(429);
    expect(await used()).toEqual(before);
    await leaveSends(service, `account:${owner.id}`, 0);
    const spent = await used();
    const refused = await sendOtp(service, challenge);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    expect((await sendOtp(service, await openChallenge(service, owner))).status).toBe(429);
    expect(await used()).toEqual(spent);
  });

  it('limits a number that several owners share, even when they send in parallel', async () => {
    const number = '+4915112342003';
    const owners = await Promise.all(Array.from({ length: 5 }, () => signUp(service)));
    for (const [index, owner] of owners.entries()) {
      await stageNumber(service, owner, number);
      expect((await sendOtp(service, owner.token)).status).toBe(200);
      const text = await service.messages.textTo(number, index + 1);
      expect((await verifyOtp(service, owner.token, /\d{6}/.exec(text.text)?.[0])).status).toBe(200);
    }
    const challenges = await race(5, (index) => openChallenge(service, owners[index] as Owner));
    expect((await sendOtp(service, challenges[0] ?? '')).status).toBe(200);
    await leaveDestination(2);
    const answers = await race(4, (index) => sendOtp(service, challenges[index + 1] ?? ''));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2);
  });

  it('sends ten codes at once to one destination, for all accounts together', async () => {
    const number = '+4915112342001';
    const owners = [await signUp(service), await signUp(service)];
    for (const owner of owners) {
      await stageNumber(service, owner, number);
      expect((await sendOtp(service, owner.token)).status).toBe(200);
    }
    for (const [index, owner] of owners.entries()) {
      const text = await service.messages.textTo(number, index + 1);
      const answer = await verifyOtp(service, owner.token, /\d{6}/.exec(text.text)?.[0]);
      expect(answer.status).toBe(200);
    }
    const [first, second] = owners;
    expect((await sendOtp(service, await openChallenge(service, first as Owner))).status).toBe(200);
    await leaveDestination(0);
    const other = await sendOtp(service, await openChallenge(service, second as Owner));
    expect(other.status).toBe(429);
    expect(service.messages.sms.sent.filter(({ to }) => to === number)).toHaveLength(3);
  });

  it('sends three codes of one account to an unproven number, and then still serves the owner of the number', async () => {
    const [owner, stranger] = [await signUp(service), await signUp(service)];
    const number = '+4915112342002';
    for (let n = 0; n < 3; n++) {
      await stageNumber(service, stranger, number);
      expect((await sendOtp(service, stranger.token)).status).toBe(200);
      await coolDown(service, stranger);
    }
    expect((await sendOtp(service, stranger.token)).status).toBe(429);
    await stageNumber(service, owner, number);
    expect((await sendOtp(service, owner.token)).status).toBe(200);
  });

  it('refuses an account that sends to an eleventh number', async () => {
    const stranger = await signUp(service);
    const answers: number[] = [];
    for (let n = 0; n < 11; n++) {
      await stageNumber(service, stranger, `+49151123430${String(n).padStart(2, '0')}`);
      answers.push((await sendOtp(service, stranger.token)).status);
      await coolDown(service, stranger);
    }
    expect(answers).toEqual([...Array.from({ length: 10 }, () => 200), 429]);
  });

  it('sends text messages only to listed countries and up to the daily ceiling, and queues nothing beyond', async () => {
    const owners = [await signUp(strict), await signUp(strict), await signUp(strict)];
    const [first] = owners as [Owner, ...Owner[]];
    const abroad = await stageNumber(strict, first, '+12025550123');
    expect(abroad).toMatchObject({ status: 400, body: { code: 'VALIDATION_ERROR' } });
    for (const [n, owner] of owners.entries()) {
      await stageNumber(strict, owner, `+4366412345${n}1`);
      const answer = await sendOtp(strict, owner.token);
      expect(answer.status).toBe(n < 2 ? 200 : 429);
    }
    await strict.messages.textTo('+436641234511');
    expect(strict.messages.sms.sent).toHaveLength(2);
    expect(await jobs(strict)).toBe(0);
  });
});
