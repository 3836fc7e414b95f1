import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChallengeService } from '../../src/two-factor/challenge/challenge.service.js';
import { tokenHash } from '../../src/two-factor/index.js';
import { AccountSeeder } from '../support/seeded-account.js';
import { startTestService, type TestService } from '../support/service.js';

/* A factor that issues a nonce before the attempt asks whom it is for. No route of the library does. */

let service: TestService;
let seeder: AccountSeeder;
let challenges: ChallengeService;
beforeAll(async () => {
  service = await startTestService();
  seeder = new AccountSeeder(service);
  challenges = service.app.get(ChallengeService, { strict: false });
});
afterAll(() => service.close());

/** Opens a challenge on which so many guesses were taken. */
async function challengeAfter(guesses: number) {
  const { id: accountId } = await seeder.account();
  const hash = tokenHash(await seeder.challenge(accountId));
  const [row] = await service.query<{ id: string }>(
    'UPDATE two_factor_challenge SET guesses = $2 WHERE token_hash = $1 RETURNING id',
    [hash, guesses],
  );
  return { accountId, challengeId: row?.id, caller: { kind: 'challenge', tokenHash: hash, replaces: null } as const };
}

describe('a caller that is looked up for what is issued before an attempt', () => {
  it('is told by account and session', async () => {
    const { id: accountId, sessionId } = await seeder.account();
    const session = { accountId, sessionId, secondFactorAt: null, trustedDeviceId: null };
    await expect(challenges.identify({ kind: 'session', session })).resolves.toEqual({
      accountId,
      sessionId,
      challengeId: null,
      exhausted: false,
    });
  });

  it('is told by account and challenge while one guess is left', async () => {
    const { accountId, challengeId, caller } = await challengeAfter(4);
    const found = { accountId, challengeId, sessionId: null, exhausted: false };
    await expect(challenges.identify(caller)).resolves.toEqual(found);
  });

  it('learns once that the guesses are used up, and that the challenge is dead from then on', async () => {
    const { caller } = await challengeAfter(5);
    const untouched = await challengeAfter(5);
    await expect(challenges.identify(caller)).rejects.toMatchObject({ code: 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE' });
    await expect(challenges.identify(caller)).rejects.toMatchObject({ code: 'INVALID_TWO_FACTOR_COOKIE' });
    await expect(challenges.identify(untouched.caller)).rejects.toMatchObject({
      code: 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
    });
  });

  it('is refused with the token of a challenge that never was, or is over', async () => {
    const { caller } = await challengeAfter(0);
    await service.query(`UPDATE two_factor_challenge SET expires_at = now() WHERE token_hash = $1`, [caller.tokenHash]);
    for (const hash of [caller.tokenHash, tokenHash('tfc_unknown')]) {
      await expect(challenges.identify({ ...caller, tokenHash: hash })).rejects.toMatchObject({
        code: 'INVALID_TWO_FACTOR_COOKIE',
      });
    }
  });
});
