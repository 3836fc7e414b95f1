import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openChallenge } from '../support/client.js';
import { enrolByMail, sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTimedService, type TimedService } from '../support/time.js';

const LIFE = 300;

let service: TimedService;
beforeAll(async () => {
  service = await startTimedService({ messages: true, config: { outbox: false } });
});
afterAll(() => service.close());

/**
 * Sends a code, waits the given number of seconds and sends again.
 *
 * @returns both mailed codes
 */
async function sendTwice(seconds: number) {
  const owner = await enrolByMail(service);
  const challenge = await openChallenge(service, owner);
  expect((await sendOtp(service, challenge)).status).toBe(200);
  await service.deliver();
  const first = await service.messages.codeMailedTo(owner.email, 2);
  await service.pass(seconds);
  expect((await sendOtp(service, challenge)).status).toBe(200);
  await service.deliver();
  const second = await service.messages.codeMailedTo(owner.email, 3);
  return { owner, challenge, first, second };
}

describe('F15: a mailed code is still valid when it arrives', () => {
  it('replaces a code with less than a minute left by a new one with a full lifetime', async () => {
    const { owner, challenge, first, second } = await sendTwice(LIFE - 59);
    expect(second).not.toBe(first);
    const [row] = await service.query(
      `SELECT extract(epoch FROM expires_at - standstill.now())::integer AS life, sends
       FROM two_factor_one_time_code WHERE account_id = $1 AND challenge_id IS NOT NULL`,
      [owner.id],
    );
    expect(row).toEqual({ life: LIFE, sends: 2 });
    expect((await verifyOtp(service, challenge, first)).body.code).toBe('INVALID_CODE');
    await service.pass(LIFE - 1);
    expect((await verifyOtp(service, challenge, second)).status).toBe(200);
  });

  it('sends a code with a minute left again', async () => {
    const { challenge, first, second } = await sendTwice(LIFE - 60);
    expect(second).toBe(first);
    await service.pass(59);
    expect((await verifyOtp(service, challenge, second)).status).toBe(200);
  });
});
