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

/** Two random codes are equal once in a million draws. This helper rules that out. */
const unequal = (one: string, two: string) => {
  expect(one).not.toBe(two);
  return { one, two };
};

describe('control 10: a code is valid only for the account, the challenge and the channel it was sent for [ASVS 6.6.2]', () => {
  it('rejects the code of another account', async () => {
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

  it('rejects the code of another challenge of the same account', async () => {
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

  it('rejects a session’s code on a challenge and a challenge’s code on a session', async () => {
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

  it('sends different codes by mail and by SMS, and confirms neither channel with the code of the other', async () => {
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
    // The service derives a code from its row. Moved to another channel's row, the same values yield a different code.
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
