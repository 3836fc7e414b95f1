import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, openChallenge } from '../support/client.js';
import { authenticate, enrolBoth, requestOptions, verifyAssertion } from '../support/passkeys.js';
import { startTestService, type TestService } from '../support/service.js';

const FORGERIES = 1000;
/** Guesses that a challenge allows. */
const ALLOWED = 5;
const AT_ONCE = 10;

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

// NIST SP 800-63B-4 3.2.2, ASVS 6.1.1
describe('control 44: forged assertions lock no one', () => {
  it(`counts ${FORGERIES} of them against their challenges alone, of which each dies at ${ALLOWED}`, async () => {
    const owner = await enrolBoth(service);
    const codes: Array<string | undefined> = [];
    await race(AT_ONCE, async () => {
      for (let round = 0; round < FORGERIES / ALLOWED / AT_ONCE; round++) {
        const token = await openChallenge(service, owner);
        for (let guess = 0; guess < ALLOWED; guess++) {
          const { body } = await authenticate(service, owner.authenticator, token, { forged: true });
          codes.push(body.code);
        }
        const exhausted = await requestOptions(service, token);
        const dead = await requestOptions(service, token);
        expect([exhausted.body.code, dead.body.code]).toEqual([
          'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
          'INVALID_TWO_FACTOR_COOKIE',
        ]);
      }
    });
    expect(codes).toHaveLength(FORGERIES);
    expect(new Set(codes)).toEqual(new Set(['AUTHENTICATION_FAILED']));

    const [attempts] = await service.query<{ failures: number; locks: number }>(
      `SELECT failures, locks FROM two_factor_attempts WHERE account_id = $1 AND scope = 'account'`,
      [owner.id],
    );
    expect(attempts).toEqual({ failures: 0, locks: 0 });
    const byApp = await openChallenge(service, owner);
    const code = owner.app.nextCode();
    expect((await new Caller(service).post('/two-factor/verify-totp', { code }, byApp)).status).toBe(200);
    const byPasskey = await openChallenge(service, owner);
    expect((await authenticate(service, owner.authenticator, byPasskey)).status).toBe(200);
  });

  it('refuses the right assertion on a challenge that forged ones used up', async () => {
    const owner = await enrolBoth(service);
    const token = await openChallenge(service, owner);
    const { body: options } = await requestOptions(service, token);
    for (let guess = 0; guess < ALLOWED; guess++) {
      await authenticate(service, owner.authenticator, token, { forged: true });
    }
    const right = await verifyAssertion(service, owner.authenticator.get(options), token);
    expect(right).toMatchObject({ status: 400, body: { code: 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE' } });
  });

  it('opens no session and locks nothing when strangers forge sign-ins without a password', async () => {
    const owner = await enrolBoth(service);
    for (let guess = 0; guess < 20; guess++) {
      const answer = await authenticate(service, owner.authenticator, undefined, { forged: true });
      expect(answer).toMatchObject({ status: 400, body: { code: 'AUTHENTICATION_FAILED' } });
    }
    expect((await authenticate(service, owner.authenticator)).status).toBe(200);
    const token = await openChallenge(service, owner);
    const code = owner.app.nextCode();
    expect((await new Caller(service).post('/two-factor/verify-totp', { code }, token)).status).toBe(200);
  });
});
