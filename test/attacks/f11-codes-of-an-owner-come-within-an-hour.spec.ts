import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, enrol, openChallenge, PASSWORD, type Owner } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import { enrolByMail, sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';
import { startTimedService, type TimedService } from '../support/time.js';

const HOUR = 60 * 60;

let service: TimedService;
let live: TestService;
beforeAll(async () => {
  service = await startTimedService({ messages: true, config: { outbox: false } });
  live = await startTestService({ messages: true });
});
afterAll(async () => {
  await live.close();
  await service.close();
});

/**
 * Sends codes on new challenges as fast as the responses allow, as an attacker with the password does.
 *
 * @returns how many codes were sent
 */
async function sendAsFastAsAllowed(owner: Owner): Promise<number> {
  for (let sent = 0; sent < 100;) {
    const answer = await sendOtp(service, await openChallenge(service, owner));
    if (answer.status === 200) sent++;
    else {
      const wait = Number(answer.headers.get('retry-after'));
      if (wait > 60) return sent;
      await service.pass(wait);
    }
  }
  throw new Error('A thief of the password may send without end');
}

describe('F11: an attacker with the password cannot use up the mailed codes of the owner', () => {
  it('lets the owner wait an hour at most, and then sends a code that signs in', async () => {
    const owner = await enrolByMail(service);
    const sent = await sendAsFastAsAllowed(owner);
    expect(sent).toBeLessThanOrEqual(10);
    const refused = await sendOtp(service, await openChallenge(service, owner));
    expect(refused.status).toBe(429);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(HOUR);

    await service.pass(wait);
    const challenge = await openChallenge(service, owner);
    expect((await sendOtp(service, challenge)).status).toBe(200);
    await service.deliver();
    const code = /^\d{6}$/m.exec(service.messages.mailsTo(owner.email).at(-1)?.text ?? '')?.[0];
    expect((await verifyOtp(service, challenge, code)).status).toBe(200);
  });

  it('does not delay a trusted device of the owner', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    await sendAsFastAsAllowed(owner);
    const { token } = (await signIn(service, owner.email, device)).body;
    expect((await sendOtp(service, token)).status).toBe(200);
  });

  it('sends an account at most one code in 30 seconds, over all its challenges', async () => {
    const owner = await enrolByMail(service);
    expect((await sendOtp(service, await openChallenge(service, owner))).status).toBe(200);
    const early = await sendOtp(service, await openChallenge(service, owner));
    expect([early.status, early.headers.get('retry-after')]).toEqual([429, '30']);
    await service.pass(29);
    expect((await sendOtp(service, await openChallenge(service, owner))).status).toBe(429);
    await service.pass(1);
    expect((await sendOtp(service, await openChallenge(service, owner))).status).toBe(200);
  });

  it('sends one of several parallel codes on both channels of a challenge, and uses up nothing for the others', async () => {
    const number = '+4915112341101';
    const owner = await enrol(live);
    const enable = { password: PASSWORD, method: 'otp', phoneNumber: number };
    await new Caller(live).post('/two-factor/enable', enable, owner.token);
    await sendOtp(live, owner.token);
    const { text } = await live.messages.textTo(number);
    expect((await verifyOtp(live, owner.token, /\d{6}/.exec(text)?.[0])).status).toBe(200);
    for (let round = 0; round < 3; round++) {
      await live.query('DELETE FROM two_factor_send_budget');
      const challenge = await openChallenge(live, owner);
      const channels = ['sms', 'mail'] as const;
      const answers = await race(8, (index) => sendOtp(live, challenge, { channel: channels[index % 2] }));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(7);
      const [row] = await live.query(
        `SELECT refilled_at <= now() + interval '1 hour' AS once FROM two_factor_send_budget WHERE bucket = $1`,
        [`account:${owner.id}`],
      );
      expect(row).toEqual({ once: true });
    }
  });
});
