import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, PASSWORD, type Answer, type AnyBody } from '../support/client.js';
import { trust } from '../support/devices.js';
import { freshAddress, from, guess, guessMany, LimiterClock, retryAfter, right, useUp } from '../support/guesses.js';
import { leaveSends } from '../support/one-time-codes.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';

/* Limits as promised in docs/decisions/0013. */
const REQUESTS = 1200;
const PASSWORD_REQUESTS = 60;
const GUESSES_FROM_A_NETWORK = 10;
const GUESSES_FROM_EVERYWHERE = 50;

const shape = (code: string) => ({ status: 429, body: { code, message: expect.any(String) } });

/** Moves the timestamps in Postgres by the given number of seconds. */
async function passInPostgres(service: TestService, seconds: number): Promise<void> {
  for (const [table, column] of [
    ['two_factor_attempts', 'locked_until'],
    ['two_factor_one_time_code', 'last_sent_at'],
    ['two_factor_send_budget', 'refilled_at'],
    ['two_factor_challenge', 'expires_at'],
  ]) {
    await service.query(`UPDATE ${table} SET ${column} = ${column} - make_interval(secs => $1)`, [seconds]);
  }
}

/** Tolerance for the time that the test itself takes between two calls, which is long on a busy machine. */
const SLACK_SECONDS = 8;

/**
 * Expects that the call is refused until the announced time has passed, and not longer.
 *
 * @param pass moves the time by the given number of seconds
 */
const waitOut = async (
  call: () => Promise<Answer<AnyBody>>,
  code: string,
  pass: (seconds: number) => void | Promise<void>,
): Promise<Answer<AnyBody>> => {
  const refused = await call();
  expect(refused).toMatchObject(shape(code));
  const seconds = retryAfter(refused);
  expect(seconds).toBeGreaterThan(SLACK_SECONDS);
  await pass(seconds - SLACK_SECONDS);
  const still = await call();
  expect(still).toMatchObject(shape(code));
  expect(retryAfter(still)).toBeLessThanOrEqual(SLACK_SECONDS);
  await pass(retryAfter(still));
  const accepted = await call();
  expect(accepted.status).not.toBe(429);
  return accepted;
};

describe('control 18: every 429 tells how long to wait, and the call succeeds after that time', () => {
  let service: TestService;
  let caller: Caller;
  let clock: LimiterClock;
  beforeAll(async () => {
    clock = new LimiterClock();
    service = await startTestService({ messages: true, config: { rateLimit: true, trustProxy: ['127.0.0.1'] } });
    caller = new Caller(service);
  });
  afterEach(() => clock.advance(61));
  afterAll(async () => {
    clock.restore();
    await service.close();
  });

  const passThere = (seconds: number) => passInPostgres(service, seconds);
  const sendAgain = (token: string) => caller.post('/two-factor/send-otp', {}, token);
  const passHere = (seconds: number) => clock.advance(seconds);

  describe('the limit of a client network', () => {
    it('refuses all requests beyond the limit and accepts one after Retry-After', async () => {
      const headers = from(freshAddress());
      const call = () => caller.get('/get-session', undefined, headers);
      for (let n = 0; n < REQUESTS / 50; n++) await Promise.all(Array.from({ length: 50 }, call));
      // Probes of liveness and health are never limited.
      for (const url of [`${service.url}/ok`, new URL('/health', service.url)]) {
        expect((await fetch(url, { headers })).status).toBe(200);
      }
      expect((await waitOut(call, 'TOO_MANY_REQUESTS', passHere)).status).toBe(200);
    });

    it('counts sign-in and sign-up together, and accepts one after Retry-After', async () => {
      const headers = from(freshAddress());
      const paths = ['/sign-in/email', '/sign-up/email'];
      for (let n = 0; n < PASSWORD_REQUESTS; n++) await caller.post(paths[n % 2]!, {}, undefined, headers);
      expect((await caller.post(paths[1]!, {}, undefined, headers)).status).toBe(429);
      // The other routes have a separate budget.
      expect((await caller.get('/get-session', undefined, headers)).status).toBe(200);
      const call = () => caller.post(paths[0]!, {}, undefined, headers);
      expect((await waitOut(call, 'TOO_MANY_REQUESTS', passHere)).status).toBe(400);
    });

    it('lets pages of trusted origins read the 429, and forbids caching it', async () => {
      const headers = { ...from(freshAddress()), origin: TRUSTED_ORIGIN };
      const preflight = () =>
        fetch(`${service.url}/sign-in/email`, {
          method: 'OPTIONS',
          headers: { ...headers, 'access-control-request-method': 'POST' },
        });
      // Preflights are not counted.
      for (let n = 0; n < PASSWORD_REQUESTS; n++) await preflight();
      for (let n = 0; n < PASSWORD_REQUESTS; n++) await caller.post('/sign-in/email', {}, undefined, headers);
      const refused = await caller.post('/sign-in/email', {}, undefined, headers);
      expect(refused).toMatchObject(shape('TOO_MANY_REQUESTS'));
      expect(Object.fromEntries(refused.headers)).toMatchObject({
        'access-control-allow-origin': TRUSTED_ORIGIN,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': expect.stringContaining('retry-after'),
        'cache-control': 'no-store',
        'content-type': expect.stringContaining('application/json'),
      });
      expect([...refused.headers.keys()].filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
      expect((await preflight()).status).toBe(204);

      // The router treats this path like the one above.
      const spelled = await fetch(service.url.replace('/api/', '/%61pi/') + '/sign-in/email', {
        method: 'POST',
        headers,
      });
      expect([spelled.status, spelled.headers.get('cache-control')]).toEqual([429, 'no-store']);
    });
  });

  describe('the limit of password guesses', () => {
    it('tells how long one network must wait', async () => {
      const owner = await enrol(service);
      const address = freshAddress();
      await useUp(service, owner.email, GUESSES_FROM_A_NETWORK, address);
      const call = () => guess(service, owner.email, right({ address }));
      expect((await waitOut(call, 'TOO_MANY_REQUESTS', passHere)).status).toBe(200);
    });

    it('tells how long all networks together must wait', async () => {
      const owner = await enrol(service);
      await useUp(service, owner.email, GUESSES_FROM_EVERYWHERE);
      const call = () => guess(service, owner.email, right());
      expect((await waitOut(call, 'TOO_MANY_REQUESTS', passHere)).status).toBe(200);
    });

    it('tells the longer wait when one network and all networks are limited', async () => {
      const owner = await enrol(service);
      const address = freshAddress();
      await useUp(service, owner.email, GUESSES_FROM_A_NETWORK, address);
      // The window of the network began ten minutes earlier. It ends before the window of all networks, although it is
      // longer.
      clock.advance(10 * 60);
      await useUp(service, owner.email, GUESSES_FROM_EVERYWHERE);
      const refused = await guess(service, owner.email, right({ address }));
      expect(retryAfter(refused)).toBeGreaterThan(5 * 60);
      const call = () => guess(service, owner.email, right({ address }));
      expect((await waitOut(call, 'TOO_MANY_REQUESTS', passHere)).status).toBe(200);
    });

    it('tells how long a trusted device must wait', async () => {
      const owner = await enrol(service);
      const { device } = await trust(service, owner);
      await useUp(service, owner.email, GUESSES_FROM_EVERYWHERE);
      clock.advance(5 * 60);
      await guessMany([service], owner.email, 10, { device });
      const call = () => guess(service, owner.email, right({ device }));
      expect((await waitOut(call, 'TOO_MANY_REQUESTS', passHere)).status).toBe(200);
    });

    it('tells how long a session must wait', async () => {
      const owner = await enrol(service);
      await useUp(service, owner.email, GUESSES_FROM_EVERYWHERE);
      const call = () =>
        caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, owner.token, from(freshAddress()));
      expect((await waitOut(call, 'TOO_MANY_REQUESTS', passHere)).status).toBe(200);
    });
  });

  describe('the limit of the second factor', () => {
    it('tells when a lock ends', async () => {
      const owner = await enrol(service);
      for (let n = 0; n < 2; n++) {
        const token = await openChallenge(service, owner);
        for (let m = 0; m < 5; m++)
          await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, token);
      }
      let token = await openChallenge(service, owner);
      const call = () => caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, token);
      const passWithNewChallenge = async (seconds: number) => {
        await passThere(seconds);
        clock.advance(61);
        token = await openChallenge(service, owner);
      };
      expect((await waitOut(call, 'ACCOUNT_TEMPORARILY_LOCKED', passWithNewChallenge)).status).toBe(200);
    });

    it('tells one day, again and again, for a lock that only an operator ends', async () => {
      const owner = await enrol(service);
      await service.query(
        `INSERT INTO two_factor_attempts (account_id, scope, failures, locks, locked_until)
         VALUES ($1, 'account', 100, 10, 'infinity')
         ON CONFLICT (account_id, scope) DO UPDATE SET failures = 100, locks = 10, locked_until = 'infinity'`,
        [owner.id],
      );
      const token = await openChallenge(service, owner);
      const refused = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, token);
      expect(refused).toMatchObject(shape('ACCOUNT_TEMPORARILY_LOCKED'));
      expect(retryAfter(refused)).toBe(86_400);
    });

    it('tells when a challenge may send the next code', async () => {
      const token = await openChallenge(service, await enrol(service));
      expect((await sendAgain(token)).status).toBe(200);
      expect((await waitOut(() => sendAgain(token), 'TOO_MANY_REQUESTS', passThere)).status).toBe(200);
    });

    it("tells the rest of a challenge's life after too many codes on it, because only a new challenge helps", async () => {
      const token = await openChallenge(service, await enrol(service));
      for (let n = 0; n < 5; n++) {
        expect((await sendAgain(token)).status).toBe(200);
        await passThere(30);
      }
      const answer = await waitOut(() => sendAgain(token), 'TOO_MANY_REQUESTS', passThere);
      expect(answer).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } });
    });

    it('tells when an account that sent too many codes may send one again', async () => {
      const owner = await enrol(service);
      let token = await openChallenge(service, owner);
      expect((await sendAgain(token)).status).toBe(200);
      await leaveSends(service, `account:${owner.id}`, 0);
      await passThere(60);
      const passWithNewChallenge = async (seconds: number) => {
        await passThere(seconds);
        clock.advance(61);
        token = await openChallenge(service, owner);
      };
      const call = () => sendAgain(token);
      expect((await waitOut(call, 'TOO_MANY_REQUESTS', passWithNewChallenge)).status).toBe(200);
    });
  });
});
