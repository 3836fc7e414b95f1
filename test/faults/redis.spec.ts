import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller, PASSWORD, signUp } from '../support/client.js';
import { describeWith } from '../support/describe-with.js';
import { freshAddress, from, guess, guessMany, right, statuses, useUp } from '../support/guesses.js';
import { missingRedis, startRedis, type TestRedis } from '../support/redis.js';
import { freePort } from '../support/service-process.js';
import { startTestService, type TestService } from '../support/service.js';

const PATIENCE_MS = 15_000;
const PASSWORD_REQUESTS = 60;
const GUESSES_FROM_A_NETWORK = 10;
/** The time that one request may lose when Redis hangs, and the tolerance for a busy machine. */
const BOUNDED_MS = 200 + 800;
const MONITOR = 'a token of the monitor, for tests'.replaceAll(' ', '-');
const AWAY = /^Redis is unavailable \([^)]+\): limits are counted per process$/;
const BACK = 'Redis is available again: limits are shared';

interface Health {
  readonly status: string;
  readonly limits: string;
}

const health = async ({ url }: TestService): Promise<Health> => {
  const answer = await fetch(new URL('/health', url), { headers: { authorization: `Bearer ${MONITOR}` } });
  const { status, limits } = (await answer.json()) as Health;
  return { status, limits };
};

const untilHealth = async (service: TestService, wanted: Health) => {
  const end = Date.now() + PATIENCE_MS;
  let seen = await health(service);
  while (JSON.stringify(seen) !== JSON.stringify(wanted) && Date.now() < end) {
    await sleep(50);
    seen = await health(service);
  }
  expect(seen).toEqual(wanted);
};

/** Sends the given number of sign-ins from one address. Returns how many of them each service admitted. */
const admitted = async (targets: readonly TestService[], count: number, address = freshAddress()) => {
  const sums = targets.map(() => 0);
  for (let n = 0; n < count; n++) {
    const which = n % targets.length;
    const { status } = await new Caller(targets[which]!).post('/sign-in/email', {}, undefined, from(address));
    expect([400, 429]).toContain(status);
    if (status === 400) sums[which]!++;
  }
  return sums;
};

describeWith(missingRedis)('the rate limiter', () => {
  let redis: TestRedis | undefined;
  let services: TestService[] = [];
  let lines: string[];

  beforeEach(() => {
    lines = [];
    for (const level of ['log', 'warn'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => {
        if (String(line).startsWith('Redis')) lines.push(String(line));
      });
    }
  });

  afterEach(async () => {
    for (const service of services.toReversed()) await service.close();
    services = [];
    await redis?.close();
    redis = undefined;
    jest.restoreAllMocks();
  });

  const start = async (redisUrl: string, count = 1) => {
    for (let n = 0; n < count; n++) {
      const config = { rateLimit: true, trustProxy: ['127.0.0.1'], redisUrl, healthToken: MONITOR };
      services.push(await startTestService({ config, ...(services[0] && { replicaOf: services[0] }) }));
    }
    return services as [TestService, TestService];
  };

  const away = () => lines.filter((line) => line !== BACK).length;

  /**
   * Shows that the log tells of every turn once: each service says that Redis is unavailable, then that it is back, and not once
   * for every request. A starved machine may take a slow answer for none, so there may be more turns than the test made.
   */
  const expectTurns = async () => {
    for (const end = Date.now() + PATIENCE_MS; 2 * away() > lines.length && Date.now() < end;) await sleep(50);
    let without = 0;
    for (const line of lines) {
      if (line !== BACK) expect(line).toMatch(AWAY);
      without += line === BACK ? -1 : 1;
      expect(without).toBeGreaterThanOrEqual(0);
      expect(without).toBeLessThanOrEqual(services.length);
    }
    expect(without).toBe(0);
    expect(away()).toBeGreaterThanOrEqual(services.length);
  };

  /** Expects that services share their counts, during a period in which none of them lost Redis. */
  const expectShared = async (...targets: readonly TestService[]) => {
    for (let tries = 5; ; tries--) {
      for (const service of targets) await untilHealth(service, SHARED);
      const before = lines.length;
      const passed = (await admitted(targets, PASSWORD_REQUESTS + 10)).reduce((sum, count) => sum + count);
      if (lines.length > before && tries > 0) continue;
      expect(passed).toBe(PASSWORD_REQUESTS);
      return;
    }
  };

  const SHARED = { status: 'ok', limits: 'shared' };
  const LOCAL = { status: 'degraded', limits: 'local' };

  it('shares the counts of processes while Redis is available, and stores no address in Redis', async () => {
    redis = await startRedis();
    const [one, other] = await start(redis.url, 2);
    await expectShared(one, other);

    const address = freshAddress();
    await guess(one, 'somebody@example.com', { address });
    const keys = (await redis.command('KEYS', '*')) as string[];
    expect(keys.length).toBeGreaterThanOrEqual(4);
    for (const key of keys) {
      expect(key).toMatch(/^two-factor:limits:[a-z-]+:(?:[\w-]{22}|any)$/);
      const [value, life] = [await redis.command('GET', key), await redis.command('PTTL', key)];
      expect(Number(value)).toBeGreaterThan(0);
      expect(life === -2 || (Number(life) > 0 && Number(life) <= 900_000)).toBe(true);
    }
  });

  it('continues without errors and with limits in each process when Redis is killed, and recovers by itself', async () => {
    redis = await startRedis();
    const [one, other] = await start(redis.url, 2);
    const loading = new AbortController();
    const seen: number[] = [];
    const load = [one, other].flatMap((service) =>
      Array.from({ length: 4 }, async () => {
        while (!loading.signal.aborted) {
          seen.push((await new Caller(service).get('/get-session', undefined, from(freshAddress()))).status);
        }
      }),
    );
    await sleep(200);
    await redis.signal('SIGKILL');
    await untilHealth(one, LOCAL);
    await untilHealth(other, LOCAL);
    loading.abort();
    await Promise.all(load);
    expect(new Set(seen)).toEqual(new Set([200]));

    expect(await admitted([one, other], 2 * PASSWORD_REQUESTS + 10)).toEqual([PASSWORD_REQUESTS, PASSWORD_REQUESTS]);
    const { email } = await signUp(one);
    const address = freshAddress();
    await useUp(one, email, GUESSES_FROM_A_NETWORK - 2, address);
    expect(statuses(await guessMany([one], email, 6, { address }))).toEqual({ 401: 2, 429: 4 });
    expect((await guess(one, email, right())).status).toBe(200);

    await redis.restart();
    await expectShared(one, other);
    await expectTurns();
  });

  it('delays only the first request when Redis hangs', async () => {
    redis = await startRedis();
    const [service] = await start(redis.url);
    const owner = await signUp(service);
    const address = freshAddress();
    const timed = async () => {
      const began = performance.now();
      const { status } = await new Caller(service).get('/get-session', owner.token, from(address));
      expect(status).toBe(200);
      return performance.now() - began;
    };
    const timedOften = async () => {
      const took: number[] = [];
      for (let n = 0; n < 30; n++) took.push(await timed());
      return took;
    };
    // Measures how slow requests are on this machine while Redis works.
    const slowest = Math.max(...(await timedOften()));
    await redis.signal('SIGSTOP');
    const took = await timedOften();
    expect(took[0]).toBeLessThan(BOUNDED_MS + 4 * slowest);
    // If each request waited for Redis, each would take longer than this.
    expect(took.slice(1).filter((ms) => ms > 200 + slowest).length).toBeLessThan(10);
    await untilHealth(service, LOCAL);
    expect((await guess(service, owner.email, right())).status).toBe(200);
    expect(await admitted([service], PASSWORD_REQUESTS + 10)).toEqual([PASSWORD_REQUESTS]);
    await redis.signal('SIGCONT');
    await untilHealth(service, SHARED);
    await expectTurns();
  });

  it('counts per process while Redis refuses writes, and recovers when it accepts them', async () => {
    redis = await startRedis('--save', '3600 1', '--stop-writes-on-bgsave-error', 'yes');
    const [service] = await start(redis.url);
    const owner = await signUp(service);
    await rm(redis.folder, { recursive: true });
    await redis.command('BGSAVE');
    await untilHealth(service, SHARED);
    // Redis refuses writes as soon as its child process has failed.
    const end = Date.now() + PATIENCE_MS;
    const writes = () => redis!.command('SET', 'a', '1').then(String, (error: Error) => error.message);
    while ((await writes()) === 'OK' && Date.now() < end) await sleep(20);
    expect(await writes()).toMatch(/^MISCONF/);

    expect(await admitted([service], PASSWORD_REQUESTS + 10)).toEqual([PASSWORD_REQUESTS]);
    await untilHealth(service, LOCAL);
    const checked = await new Caller(service).post('/two-factor/enable', { password: PASSWORD }, owner.token);
    expect(checked.status).toBe(200);
    await redis.command('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
    await untilHealth(service, SHARED);
    expect(lines).toContain('Redis is unavailable (MISCONF): limits are counted per process');
    await expectTurns();
  });

  it('starts without Redis, and uses it as soon as it is available', async () => {
    const port = await freePort();
    const [service] = await start(`redis://127.0.0.1:${port}`);
    expect(await health(service)).toEqual(LOCAL);
    expect(await admitted([service], PASSWORD_REQUESTS + 10)).toEqual([PASSWORD_REQUESTS]);
    redis = await startRedis('--port', String(port));
    await untilHealth(service, SHARED);
    expect(lines[0]).toBe('Redis is unavailable (ECONNREFUSED): limits are counted per process');
    await expectTurns();
  });
});
