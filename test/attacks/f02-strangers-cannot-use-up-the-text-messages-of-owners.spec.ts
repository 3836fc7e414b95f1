import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, openChallenge, PASSWORD, signUp, type Owner } from '../support/client.js';
import { sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTimedService, type TimedService } from '../support/time.js';

const DAY = 24 * 60 * 60;
/** Ten times what all unproven numbers together receive. */
const SMS_PER_DAY = 40;

let service: TimedService;
beforeAll(async () => {
  service = await startTimedService({ messages: true, config: { outbox: false, smsPerDay: SMS_PER_DAY } });
});
afterAll(() => service.close());

const stage = ({ token }: Pick<Owner, 'token'>, phoneNumber: string) =>
  new Caller(service).post('/two-factor/enable', { password: PASSWORD, method: 'otp', phoneNumber }, token);

const ceilingEvents = () => service.events.filter(({ name }) => name === 'sms.ceiling-reached');

/** Creates an account with a proven number. */
async function ownerOf(phoneNumber: string): Promise<Owner> {
  const owner = await signUp(service);
  await stage(owner, phoneNumber);
  expect((await sendOtp(service, owner.token)).status).toBe(200);
  await service.deliver();
  const { text } = await service.messages.textTo(phoneNumber);
  const confirmed = await verifyOtp(service, owner.token, /\d{6}/.exec(text)?.[0]);
  expect(confirmed.status).toBe(200);
  return { ...owner, token: confirmed.body.token };
}

let numbers = 0;

/**
 * Creates an account that sends codes to the numbers of others.
 *
 * @returns the statuses of the responses
 */
async function textStrangers(count = 10): Promise<number[]> {
  const stranger = await signUp(service);
  const answers: number[] = [];
  for (let n = 0; n < count; n++) {
    await stage(stranger, `+4915112${String(++numbers).padStart(6, '0')}`);
    answers.push((await sendOtp(service, stranger.token)).status);
  }
  return answers;
}

describe('F2: strangers cannot use up the text messages of owners', () => {
  it('still texts an owner after three new accounts reached the ceiling of unproven numbers', async () => {
    const owner = await ownerOf('+4915112340201');
    // The owner's first text used the same ceiling, which is full again after a day.
    await service.pass(DAY);
    const answers: number[] = [];
    for (let n = 0; n < 3; n++) answers.push(...(await textStrangers()));
    // At once, half of the daily ceiling of four texts may be sent.
    expect(answers.filter((status) => status === 200)).toHaveLength(2);
    expect(answers.filter((status) => status === 429)).toHaveLength(28);

    expect((await sendOtp(service, await openChallenge(service, owner), { channel: 'sms' })).status).toBe(200);
    await service.deliver();
    expect((await service.messages.textTo('+4915112340201', 2)).text).toMatch(/\d{6}/);
  });

  it('emits one event for the send that reaches a ceiling, and none for refused sends', async () => {
    expect(ceilingEvents()).toMatchObject([{ details: { ceiling: 'unproven' } }]);
    const [event] = ceilingEvents();
    expect(event).toMatchObject({ accountId: expect.any(String), sessionId: expect.any(String) });
    expect(event?.ip).not.toBeNull();
  });

  it('limits the text messages to unconfirmed numbers in any 24 hours to their ceiling', async () => {
    await service.pass(2 * DAY);
    const answers: number[] = [];
    for (let hour = 0; hour < 24; hour++) {
      answers.push(...(await textStrangers(3)));
      await service.pass(60 * 60);
    }
    expect(answers.filter((status) => status === 200)).toHaveLength(SMS_PER_DAY / 10);
  });

  it('keeps the ceiling of unproven numbers full when owners reach theirs', async () => {
    await service.pass(2 * DAY);
    const owner = await ownerOf('+4915112340202');
    await service.pass(2 * DAY);
    const before = ceilingEvents().length;
    // Simulates 19 texts just before this one. At once, half of the daily ceiling may be sent.
    await service.query(
      `INSERT INTO two_factor_send_budget (bucket, refilled_at)
       VALUES ('sms', standstill.now() + interval '1 day' * 19 / 21)
       ON CONFLICT (bucket) DO UPDATE SET refilled_at = excluded.refilled_at`,
    );
    const send = async () => {
      await service.pass(30);
      return (await sendOtp(service, await openChallenge(service, owner), { channel: 'sms' })).status;
    };
    expect([await send(), await send()]).toEqual([200, 429]);
    expect(ceilingEvents().slice(before)).toMatchObject([{ details: { ceiling: 'proven' } }]);
    expect(await textStrangers(2)).toEqual([200, 200]);
  });
});

describe('a ceiling of zero', () => {
  it('refuses every text message, also the first one', async () => {
    const mute = await startTimedService({ messages: true, config: { outbox: false, smsPerDay: 0 } });
    try {
      const owner = await signUp(mute);
      const body = { password: PASSWORD, method: 'otp', phoneNumber: '+4915112340203' };
      await new Caller(mute).post('/two-factor/enable', body, owner.token);
      const refused = await sendOtp(mute, owner.token);
      expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
      expect(await mute.query('SELECT FROM two_factor_outbox')).toEqual([]);
      expect(mute.messages.sms.sent).toEqual([]);
    } finally {
      await mute.close();
    }
  });
});
