import { request, type ClientRequest, type RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, signUp, type Owner } from '../support/client.js';
import { from, freshAddress, statuses } from '../support/guesses.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

const BURST = 500;
const OTHERS = 20;
/** Number of requests that one client network may have in flight. */
const MOST = 40;
/** Number of requests that `crowded` sends beyond that limit. */
const BEYOND = 10;

/**
 * The attack: one network sent 500 requests at once, which filled the queue for database connections. Other networks
 * waited or got 503.
 */
describe('F15: one network cannot fill the connection pool', () => {
  let service: TestService;
  let proxy: StatementProxy;
  let caller: Caller;
  let owner: Owner;
  beforeAll(async () => {
    service = await startTestService({
      config: { rateLimit: true, trustProxy: ['127.0.0.1'] },
      route: async (databaseUrl) => {
        proxy = await startStatementProxy(databaseUrl);
        return proxy.url;
      },
    });
    caller = new Caller(service);
    owner = await signUp(service);
  });
  afterAll(async () => {
    await service.close();
    await proxy.close();
  });

  /** Locks the sessions while `work` runs, so that requests stay in flight. */
  async function holdingSessions<T>(work: () => Promise<T>): Promise<T> {
    await service.query('BEGIN');
    await service.query('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    try {
      return await work();
    } finally {
      await service.query('ROLLBACK');
    }
  }

  const connectionCount = () =>
    new Promise<number>((resolve) => service.app.getHttpServer().getConnections((_, count) => resolve(count)));

  /** Holds 40 requests of one network in flight while `work` runs. */
  async function crowded(headers: Record<string, string>, work: () => Promise<void>): Promise<void> {
    const crowd = await holdingSessions(async () => {
      const seen: number[] = [];
      const answers = race(MOST + BEYOND, async () => {
        const answer = await caller.get('/get-session', owner.token, headers);
        seen.push(answer.status);
        return answer;
      });
      // When the requests beyond the limit are refused, all others are in flight.
      while (seen.length < BEYOND) await sleep(10);
      await work();
      return { answers };
    });
    expect(statuses(await crowd.answers)).toEqual({ 200: MOST, 429: BEYOND });
  }

  /** Sends requests on their own connections until 40 are in flight. Returns a function that closes them. */
  async function breakable(path: string, options: RequestOptions, start: (one: ClientRequest) => void) {
    const refused: unknown[] = [];
    const sent = Array.from({ length: MOST + BEYOND }, () => {
      const one = request(service.url + path, { ...options, agent: false });
      one.on('error', () => undefined);
      one.on('response', (response) => {
        if (response.statusCode === 429) refused.push(one);
        response.resume();
      });
      start(one);
      return one;
    });
    while (refused.length < BEYOND) await sleep(10);
    return () => {
      for (const one of sent) one.destroy();
    };
  }

  it('answers other networks during a burst of 500 requests from one network', async () => {
    const headers = from(freshAddress());
    const seen: number[] = [];
    const { burst, others } = await holdingSessions(async () => {
      const sent = race(BURST, async () => {
        const answer = await caller.get('/get-session', owner.token, headers);
        seen.push(answer.status);
        return answer;
      });
      while (seen.length < BURST - MOST && !seen.includes(503)) await sleep(10);
      const later = race(OTHERS, () => caller.get('/get-session', owner.token, from(freshAddress())));
      await sleep(200);
      return { burst: sent, others: later };
    });
    expect(statuses(await others)).toEqual({ 200: OTHERS });

    const answers = await burst;
    expect(statuses(answers)).toEqual({ 200: MOST, 429: BURST - MOST });
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body).toEqual({
      code: 'TOO_MANY_REQUESTS',
      message: 'Too many requests. Please try again later.',
    });
    expect(refused?.headers.get('retry-after')).toBe('1');
  });

  describe('while the database does not answer', () => {
    it('refuses further requests without a statement, and lets trusted pages read the response', async () => {
      const headers = { ...from(freshAddress()), origin: TRUSTED_ORIGIN };
      let health: Promise<Response> | undefined;
      await crowded(headers, async () => {
        const statements = await proxy.statementsOf(async () => {
          const refused = await caller.post(
            '/sign-in/email',
            { email: owner.email, password: 'any' },
            undefined,
            headers,
          );
          expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
          expect(Object.fromEntries(refused.headers)).toMatchObject({
            'access-control-allow-origin': TRUSTED_ORIGIN,
            'cache-control': 'no-store',
            'retry-after': '1',
            'x-request-id': expect.any(String),
          });
        });
        expect(statements).toEqual([]);
        expect((await fetch(`${service.url}/ok`, { headers })).status).toBe(200);
        // This request is answered when the database answers again.
        health = fetch(new URL('/health', service.url), { headers });
      });
      expect((await health)?.status).toBe(200);
      expect((await caller.get('/get-session', owner.token, headers)).status).toBe(200);
    });

    it('counts requests whose clients have left until they are completed', async () => {
      const headers = from(freshAddress());
      await holdingSessions(async () => {
        const options = { headers: { ...headers, authorization: `Bearer ${owner.token}` } };
        const breakOff = await breakable('/get-session', options, (one) => void one.end());
        const connections = await connectionCount();
        breakOff();
        while ((await connectionCount()) > connections - MOST) await sleep(10);
        expect((await caller.get('/get-session', undefined, headers)).status).toBe(429);
      });
      // A completed request is no longer counted.
      let status = 429;
      while (status === 429) ({ status } = await caller.get('/get-session', owner.token, headers));
      expect(status).toBe(200);
    });
  });

  it('stops counting a request whose client closed the connection before the body was complete', async () => {
    const headers = from(freshAddress());
    for (let round = 0; round < 3; round++) {
      const lines = { ...headers, 'content-type': 'application/json', 'content-length': '100' };
      const options = { method: 'POST', headers: lines };
      const breakOff = await breakable('/sign-in/email', options, (one) => void one.write('{'));
      breakOff();
      let status = 429;
      while (status === 429) ({ status } = await caller.get('/get-session', undefined, headers));
      expect(status).toBe(200);
    }
  });
});
