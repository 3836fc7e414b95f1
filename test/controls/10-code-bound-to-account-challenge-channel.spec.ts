import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, PASSWORD } from '../support/client.js';
import { coolDown, enrolByMail, sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ messages: true });
});
afterAll(() => service.close());

const NUMBER = '+4915112340010';

/** Codes may be equal by chance, once in a million. */
const unequal = (one: string, two: string) => {
  expect(one).not.toBe(two);
  return { one, two };
};

describe('control 10: a code is good for the account, the challenge and the channel it was sent for, and no other [ASVS 6.6.2]', () => {
  it('another account’s code fails', async () => {
    const [owner, other] = [await enrolByMail(service), await enrolByMail(service)];
    const [mine, foreign] = [await openChallenge(service, owner), await openChallenge(service, other)];
    await sendOtp(service, mine);
    await sendOtp(service, foreign);
    const codes = unequal(
      await service.messages.codeMailedTo(owner.email, 2),
      await service.messages.codeMailedTo(other.email, 2),
    );
    expect((await verifyOtp(service, mine, codes.two)).body.code).toBe('INVALID_CODE');
    expect((await verifyOtp(service, mine, codes.one)).status).toBe(200);
  });

  it('the code of another challenge of the same account fails', async () => {
    const owner = await enrolByMail(service);
    const [one, two] = [await openChallenge(service, owner), await openChallenge(service, owner)];
    await sendOtp(service, one);
    const first = await service.messages.codeMailedTo(owner.email, 2);
    await coolDown(service, owner);
    await sendOtp(service, two);
    const second = await service.messages.codeMailedTo(owner.email, 3);
    unequal(first, second);
    expect((await verifyOtp(service, two, first)).body.code).toBe('INVALID_CODE');
    expect((await verifyOtp(service, one, second)).body.code).toBe('INVALID_CODE');
    expect((await verifyOtp(service, two, second)).status).toBe(200);
  });

  it('a session’s code fails on a challenge, and a challenge’s on a session', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    await sendOtp(service, owner.token);
    const ofSession = await service.messages.codeMailedTo(owner.email, 1);
    expect((await verifyOtp(service, challenge, ofSession)).body.code).toBe('OTP_HAS_EXPIRED');
    await coolDown(service, owner);
    await sendOtp(service, challenge);
    const ofChallenge = await service.messages.codeMailedTo(owner.email, 2);
    unequal(ofSession, ofChallenge);
    expect((await verifyOtp(service, owner.token, ofChallenge)).body.code).toBe('INVALID_CODE');
    expect((await verifyOtp(service, owner.token, ofSession)).status).toBe(200);
  });

  it('mail and SMS carry two codes, and none of them confirms the other channel', async () => {
    const owner = await enrol(service);
    const enable = { password: PASSWORD, method: 'otp', phoneNumber: NUMBER };
    await new Caller(service).post('/two-factor/enable', enable, owner.token);
    await sendOtp(service, owner.token, { channel: 'sms' });
    const texted = /\d{6}/.exec((await service.messages.textTo(NUMBER)).text)?.[0] ?? '';
    const confirmed = await verifyOtp(service, owner.token, texted);
    expect(confirmed.status).toBe(200);

    const challenge = await openChallenge(service, owner);
    await sendOtp(service, challenge, { channel: 'sms' });
    await coolDown(service, owner);
    await sendOtp(service, challenge, { channel: 'mail' });
    const bySms = /\d{6}/.exec((await service.messages.textTo(NUMBER, 2)).text)?.[0] ?? '';
    unequal(bySms, await service.messages.codeMailedTo(owner.email));
    // A code moved to another channel's row is derived anew from that row, and so is another code.
    await service.query(
      `DELETE FROM two_factor_one_time_code WHERE account_id = $1 AND channel = 'mail' AND challenge_id IS NOT NULL`,
      [owner.id],
    );
    await service.query(
      `UPDATE two_factor_one_time_code SET channel = 'mail', method_id = NULL
       WHERE account_id = $1 AND challenge_id IS NOT NULL`,
      [owner.id],
    );
    expect((await verifyOtp(service, challenge, bySms)).body.code).toBe('INVALID_CODE');
  });
});
