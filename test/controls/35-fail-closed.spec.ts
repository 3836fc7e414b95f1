import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Pool } from 'pg';
import { DataSource } from 'typeorm';
import { race } from '../support/barrier.js';
import { Caller, type AnyBody, type Answer } from '../support/client.js';
import { AccountSeeder, type SeededAccount } from '../support/seeded-account.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

/** Time limit of one statement. A request gets twice as much. */
const TIMEOUT_MS = 1000;
/** Extra time that a busy machine may need. */
const SLACK_MS = 4000;

/*
 * `test/faults/*-matrix.spec.ts` cuts, hangs, delays and refuses every statement of every operation, and
 * `test/faults/crash-*.spec.ts` kills processes. In this file the whole database is unreachable.
 */
describe('control 35: without its database the service opens nothing, loses nothing, and recovers', () => {
  let service: TestService;
  let proxy: StatementProxy;
  let seeder: AccountSeeder;
  let caller: Caller;
  let pool: ReturnType<typeof poolOf>;
  beforeAll(async () => {
    service = await startTestService({
      config: { databaseTimeoutMs: TIMEOUT_MS },
      route: async (url) => {
        proxy = await startStatementProxy(url);
        return proxy.url;
      },
    });
    service.app.useLogger(false);
    seeder = new AccountSeeder(service);
    caller = new Caller(service);
    pool = poolOf(service);
  });
  afterAll(async () => {
    proxy.network = 'up';
    await service.close();
    await proxy.close();
  });

  const verify = (account: SeededAccount, bearer: string) =>
    caller.post('/two-factor/verify-totp', { code: account.app.code() }, bearer);

  const counted = async ({ id }: SeededAccount) =>
    service.query(
      `SELECT failures, (SELECT sum(guesses)::int FROM two_factor_challenge WHERE account_id = $1) AS guesses,
         (SELECT count(*)::int FROM sessions WHERE user_id = $1::uuid) AS sessions
       FROM two_factor_attempts WHERE account_id = $1`,
      [id],
    );

  async function whileNetworkIs<T>(state: 'silent' | 'down', work: () => Promise<T>): Promise<T> {
    proxy.network = state;
    try {
      return await work();
    } finally {
      proxy.network = 'up';
    }
  }

  it.each(['silent', 'down'] as const)(
    'answers 503 in time while the network is %s, changes nothing, and recovers',
    async (state) => {
      const account = await seeder.account();
      const challenge = await seeder.challenge(account.id);
      const before = await counted(account);
      await whileNetworkIs(state, async () => {
        const requests: Array<() => Promise<Answer<AnyBody>>> = [
          () => verify(account, challenge),
          () => verify(account, account.session),
          () => caller.post('/two-factor/send-otp', {}, challenge),
          () => caller.get('/get-session', account.session),
          () => caller.post('/sign-in/email', { email: account.email, password: 'a wrong password' }),
          () => caller.post('/two-factor/disable', { password: 'a wrong password' }, account.session),
        ];
        const { result, ms } = await timed(() => Promise.all(requests.map((request) => request())));
        for (const answer of result) expectUnavailable(answer);
        expect(ms).toBeLessThan(2 * TIMEOUT_MS + SLACK_MS);
      });
      expect(await counted(account)).toEqual(before);
      expect((await verify(account, challenge)).status).toBe(200);
    },
  );

  it('bounds the queue for a hanging database at 200 requests, and answers other requests meanwhile', async () => {
    const account = await seeder.account();
    const challenge = await seeder.challenge(account.id);
    const before = await counted(account);
    // This replica waits longer than the others. All 200 requests must arrive before the first one times out.
    const patience = 3 * TIMEOUT_MS;
    const way = await startStatementProxy(service.databaseUrl);
    const replica = await startTestService({
      replicaOf: service,
      config: { databaseTimeoutMs: patience },
      route: async () => way.url,
    });
    replica.app.useLogger(false);
    const { waiting, idle } = poolOf(replica);
    const client = new Caller(replica);
    const ask = () => client.post('/two-factor/verify-totp', { code: account.app.code() }, challenge);
    try {
      way.network = 'silent';
      let mostWaiting = 0;
      const watch = setInterval(() => (mostWaiting = Math.max(mostWaiting, waiting())), 5);
      const crowd = timed(() => race(200, ask));
      const alive = await timed(() => client.get('/ok'));
      const { result, ms } = await crowd;
      clearInterval(watch);
      for (const answer of result) expectUnavailable(answer);
      expect(ms).toBeLessThan(2 * patience + SLACK_MS);
      expect(mostWaiting).toBeGreaterThan(10);
      expect(mostWaiting).toBeLessThanOrEqual(100);
      expect(alive.result.status).toBe(200);
      expect(alive.ms).toBeLessThan(ms);
      way.network = 'up';
      expect(await counted(account)).toEqual(before);
      expect((await ask()).status).toBe(200);
      await until(() => waiting() === 0 && idle());
    } finally {
      await replica.close();
      await way.close();
    }
  });

  it('answers 503 before it takes a guess while another transaction locks the row, and accepts the code afterwards', async () => {
    const account = await seeder.account();
    const challenge = await seeder.challenge(account.id);
    const before = await counted(account);
    const holder = new Client({ connectionString: service.databaseUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM two_factor_attempts WHERE account_id = $1 FOR UPDATE', [account.id]);
    const { result, ms } = await timed(() => verify(account, challenge));
    expectUnavailable(result);
    expect(ms).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    await holder.query('COMMIT');
    await holder.end();
    expect(await counted(account)).toEqual(before);
    expect((await verify(account, challenge)).status).toBe(200);
  });

  it('survives the end of idle connections, and answers the next request', async () => {
    const account = await seeder.account();
    await race(5, () => caller.get('/get-session', account.session));
    await service.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY ($1)', [
      proxy.ports,
    ]);
    await until(() => pool.total() === 0);
    expect((await caller.get('/get-session', account.session)).status).toBe(200);
  });

  it('sets the time-outs of the server on every connection', async () => {
    const rows = await pool.query(
      `SELECT name, setting || unit AS value FROM pg_settings
       WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') ORDER BY name`,
    );
    expect(rows).toEqual([
      { name: 'idle_in_transaction_session_timeout', value: '2000ms' },
      { name: 'lock_timeout', value: '600ms' },
      { name: 'statement_timeout', value: '1000ms' },
    ]);
  });
});

/** Access to the connection pool of a service. */
function poolOf({ app }: TestService) {
  const pool = (app.get(DataSource).driver as unknown as { master: Pool }).master;
  return {
    total: () => pool.totalCount,
    waiting: () => pool.waitingCount,
    idle: () => pool.totalCount === pool.idleCount,
    query: async (text: string) => (await pool.query<object>(text)).rows,
  };
}

/** Fails when the condition does not become true in time. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + SLACK_MS; !holds() && performance.now() < end;) await sleep(10);
  expect(holds()).toBe(true);
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const start = performance.now();
  const result = await work();
  return { result, ms: performance.now() - start };
}

function expectUnavailable({ status, headers, body }: Answer<AnyBody>): void {
  expect({ status, body }).toEqual({
    status: 503,
    body: { code: 'SERVICE_UNAVAILABLE', message: expect.stringMatching(/\S/) },
  });
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.getSetCookie()).toEqual([]);
}
