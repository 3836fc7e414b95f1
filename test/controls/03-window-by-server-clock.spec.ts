import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let strict: TestService;
beforeAll(async () => {
  service = await startTestService();
  strict = await startTestService({ replicaOf: service, twoFactor: { totp: { window: 0 } } });
});
afterAll(async () => {
  await strict.close();
  await service.close();
});

/** Submits the codes of the given steps, counted from now, as the second factor of a sign-in. */
async function offer(at: TestService, steps: readonly number[], headers: Record<string, string> = {}) {
  const owner = await enrol(service);
  const answers: Array<readonly [number, number]> = [];
  for (const step of steps) {
    // Moves past every step that was accepted before. Otherwise the code would be rejected as an old one.
    service.clock.advance(150);
    const code = owner.app.code(step);
    const answer = await new Caller(at).post(
      '/two-factor/verify-totp',
      { code },
      await openChallenge(at, owner),
      headers,
    );
    answers.push([step, answer.status]);
  }
  return answers;
}

describe('control 03: the window of a TOTP code is measured by the server’s clock [RFC 6238 §6, ASVS 6.5.5]', () => {
  it('accepts a code that is one step early or late, and rejects one that is two steps off', async () => {
    expect(await offer(service, [-2, 2, -1, 1, 0])).toEqual([
      [-2, 401],
      [2, 401],
      [-1, 200],
      [1, 200],
      [0, 200],
    ]);
  });

  it('accepts only the current step when the window is configured to 0', async () => {
    expect(await offer(strict, [-1, 1, 0])).toEqual([
      [-1, 401],
      [1, 401],
      [0, 200],
    ]);
  });

  it("ignores what the client's headers say about the time", async () => {
    const past = new Date(service.clock.now().getTime() + 90_000).toUTCString();
    expect(await offer(service, [2], { date: past, 'x-timestamp': past })).toEqual([[2, 401]]);
  });

  it('ends a challenge by the clock of Postgres, which compares the expiry in SQL', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    await service.query(`UPDATE two_factor_challenge SET expires_at = expires_at - interval '10 minutes'`);
    const late = await new Caller(service).post('/two-factor/verify-totp', { code: owner.app.nextCode() }, challenge);
    expect(late).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } });
  });
});
