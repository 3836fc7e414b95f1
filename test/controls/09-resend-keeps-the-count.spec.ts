import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge } from '../support/client.js';
import { coolDown, enrolByMail, otherCode, sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ messages: true });
});
afterAll(() => service.close());

describe('control 09: sending a code again gives no guess back [NIST SP 800-63B-4 3.1.3.2]', () => {
  it('blocks a challenge after four wrong codes, a re-send and one more wrong code, and rejects the right code then', async () => {
    const owner = await enrolByMail(service);
    const challenge = await openChallenge(service, owner);
    await sendOtp(service, challenge);
    const code = await service.messages.codeMailedTo(owner.email, 2);
    const guess = async (offered: string) => (await verifyOtp(service, challenge, offered)).body.code;
    for (let n = 0; n < 4; n++) expect(await guess(otherCode(code))).toBe('INVALID_CODE');
    await coolDown(service, owner);
    expect((await sendOtp(service, challenge)).status).toBe(200);
    expect(await guess(otherCode(code))).toBe('INVALID_CODE');
    expect((await sendOtp(service, challenge)).body.code).toBe('TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
    expect(await guess(code)).toBe('INVALID_TWO_FACTOR_COOKIE');
    expect((await sendOtp(service, challenge)).body.code).toBe('INVALID_TWO_FACTOR_COOKIE');
  });

  it('tells the client once for each challenge that it needs a new code', async () => {
    const owner = await enrol(service);
    const challenges = [await openChallenge(service, owner), await openChallenge(service, owner)];
    await service.query('UPDATE two_factor_challenge SET guesses = 5 WHERE account_id = $1', [owner.id]);
    for (const challenge of challenges) {
      expect((await sendOtp(service, challenge)).body.code).toBe('TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
      expect((await sendOtp(service, challenge)).body.code).toBe('INVALID_TWO_FACTOR_COOKIE');
    }
  });

  it('gives no guess back with a new code after the old one expired', async () => {
    const owner = await enrolByMail(service);
    const challenge = await openChallenge(service, owner);
    await sendOtp(service, challenge);
    const old = await service.messages.codeMailedTo(owner.email, 2);
    for (let n = 0; n < 4; n++) await verifyOtp(service, challenge, otherCode(old));
    await coolDown(service, owner);
    await service.query('UPDATE two_factor_one_time_code SET expires_at = now() WHERE account_id = $1', [owner.id]);
    await sendOtp(service, challenge);
    const fresh = await service.messages.codeMailedTo(owner.email, 3);
    expect((await verifyOtp(service, challenge, otherCode(fresh))).body.code).toBe('INVALID_CODE');
    const sixth = await verifyOtp(service, challenge, fresh);
    expect(sixth).toMatchObject({ status: 400, body: { code: 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE' } });
  });

  it('gives the account no guess back with new challenges and codes: the eleventh guess is not evaluated', async () => {
    const owner = await enrol(service);
    for (let round = 0; round < 2; round++) {
      const challenge = await openChallenge(service, owner);
      await sendOtp(service, challenge);
      const code = await service.messages.codeMailedTo(owner.email, round + 1);
      for (let n = 0; n < 5; n++) await verifyOtp(service, challenge, otherCode(code));
      await coolDown(service, owner);
    }
    const scope = `SELECT locks, locked_until > now() AS locked FROM two_factor_attempts
      WHERE account_id = $1 AND scope = 'account'`;
    expect(await service.query(scope, [owner.id])).toEqual([{ locks: 1, locked: true }]);
    const challenge = await openChallenge(service, owner);
    await sendOtp(service, challenge);
    const right = await service.messages.codeMailedTo(owner.email, 3);
    expect(await verifyOtp(service, challenge, right)).toMatchObject({ status: 429 });
    const app = await new Caller(service).post('/two-factor/verify-totp', { code: owner.app.nextCode() }, challenge);
    expect(app).toMatchObject({ status: 429, body: { code: 'ACCOUNT_TEMPORARILY_LOCKED' } });
  });
});
