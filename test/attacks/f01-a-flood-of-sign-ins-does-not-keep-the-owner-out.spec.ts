import { request } from 'node:http';
import type { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import bcrypt from 'bcrypt';
import { enrol, PASSWORD, Caller, type EnrolledOwner } from '../support/client.js';
import { trust } from '../support/devices.js';
import { freshAddress, from, guess, LimiterClock, retryAfter, right, statuses } from '../support/guesses.js';
import { startTestService, type TestService } from '../support/service.js';

/** The cost that production uses. */
const BCRYPT_COST = 12;
/** The token of the monitor that reads the figures of /health. */
const MONITOR = 'token-of-a-monitor-that-reads-figures';
const NETWORKS = 20;
const REQUESTS = 15;

/**
 * Upper bound of the passwords that are hashed in parallel on any machine. The thread pool of libuv has four threads
 * unless the environment sets another number.
 */
const SLOTS = Math.max(4, Number(process.env['UV_THREADPOOL_SIZE']) || 4, availableParallelism());

// A slow machine needs much time for many real hashes.
jest.setTimeout(120_000);

/**
 * The attack: 20 networks signed in at random addresses and closed their connections. No limit applied and the queue
 * for bcrypt was unbounded, so the owner's next sign-in failed with 503 after 56 seconds.
 */
describe('F1: a flood of sign-ins does not keep the owner out', () => {
  let service: TestService;
  let clock: LimiterClock;
  let owner: EnrolledOwner;
  let device: string;
  /** Milliseconds of a sign-in without other load. */
  let idle: number;
  beforeAll(async () => {
    clock = new LimiterClock();
    service = await startTestService({
      config: { bcryptCost: BCRYPT_COST, rateLimit: true, trustProxy: ['127.0.0.1'], healthToken: MONITOR },
    });
    owner = await enrol(service);
    ({ device } = await trust(service, owner));
    idle = await timeToSignIn();
  });
  afterAll(async () => {
    clock.restore();
    await service.close();
  });

  const timeToSignIn = async () => {
    const began = performance.now();
    const { status } = await guess(service, owner.email, right());
    expect(status).toBe(200);
    return performance.now() - began;
  };

  const waiting = async (): Promise<number> => {
    const headers = { authorization: `Bearer ${MONITOR}` };
    const response = await fetch(new URL('/health', service.url), { headers });
    const { passwords } = (await response.json()) as { passwords?: { waiting: number } };
    return passwords?.waiting ?? Number.NaN;
  };

  let strangers = 0;
  const stranger = () => `stranger${++strangers}@example.com`;

  it('bounds the queue, and answers the other requests with 503 and Retry-After', async () => {
    const addresses = Array.from({ length: NETWORKS }, () => freshAddress());
    const flood = Promise.all(
      addresses.flatMap((address) => Array.from({ length: REQUESTS }, () => guess(service, stranger(), { address }))),
    );
    const ended = flood.then(() => true);
    let highest = 0;
    for (let over = false; !over; over = await Promise.race([ended, sleep(50, false)])) {
      highest = Math.max(highest, (await waiting()) || 0);
    }
    const answers = await flood;
    const { 401: compared = 0, 503: refused = 0 } = statuses(answers);
    expect(compared + refused).toBe(NETWORKS * REQUESTS);
    expect(compared).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    for (const answer of answers.filter(({ status }) => status === 503)) {
      expect(retryAfter(answer)).toBeGreaterThan(0);
      expect(answer.body.code).toBe('SERVICE_UNAVAILABLE');
    }
    expect(highest).toBeGreaterThan(0);
    expect(highest).toBeLessThan(NETWORKS * REQUESTS);
    // The figure is up to one second old.
    while ((await waiting()) > 0) await sleep(100);
  });

  it('counts no refused guess against the owner', async () => {
    clock.advance(24 * 60 * 60);
    const address = freshAddress();
    const answers = await Promise.all([
      ...Array.from({ length: 200 }, () => guess(service, stranger())),
      ...Array.from({ length: 60 }, () => guess(service, owner.email)),
    ]);
    const { 503: refused = 0 } = statuses(answers.slice(200));
    expect(refused).toBeGreaterThan(10);
    // The address allows 50 wrong passwords in ten minutes. The refused guesses did not use them up.
    expect((await guess(service, owner.email, right({ address }))).status).toBe(200);
  });

  it('admits a trusted device and a live session during the flood', async () => {
    clock.advance(24 * 60 * 60);
    const stop = new AbortController();
    const seen: number[] = [];
    const attackers = Array.from({ length: 60 }, async () => {
      while (!stop.signal.aborted) {
        const { status } = await guess(service, stranger());
        seen.push(status);
        if (status === 503) await sleep(100);
      }
    });
    try {
      while (!seen.includes(503)) await sleep(10);
      for (let n = 0; n < 3; n++) {
        const signedIn = await guess(service, owner.email, right({ device }));
        expect(signedIn).toMatchObject({ status: 200, body: { redirect: false } });
        device = signedIn.body.trustedDeviceToken;
        const headers = from(freshAddress());
        const asked = await new Caller(service).post(
          '/two-factor/get-totp-uri',
          { password: PASSWORD },
          owner.token,
          headers,
        );
        expect(asked.status).toBe(200);
      }
    } finally {
      stop.abort();
      await Promise.all(attackers);
    }
    expect(seen).toContain(503);
  });

  it('hashes nothing for clients that left, so the owner signs in as fast as without a flood', async () => {
    clock.advance(24 * 60 * 60);
    const compare = jest.spyOn(bcrypt, 'compare');
    try {
      const open = openPorts(service);
      const flood = Array.from({ length: NETWORKS }, () => freshAddress()).flatMap((address) =>
        Array.from({ length: REQUESTS }, () => post(service, { email: stranger(), password: 'wrong' }, from(address))),
      );
      const ports = await Promise.all(flood.map(({ port }) => port));
      while (compare.mock.calls.length === 0) await sleep(10);
      // The service needs this time to read the rest of the flood.
      await sleep(1000);
      for (const { hangUp } of flood) hangUp();
      while (ports.some((port) => open.has(port))) await sleep(10);

      compare.mockClear();
      const took = await timeToSignIn();
      process.stderr.write(
        `the owner's sign-in: ${idle.toFixed(0)} ms, after a flood that hung up: ${took.toFixed(0)} ms\n`,
      );
      // Hashes in progress are completed, and nothing that waited is hashed.
      expect(compare.mock.calls.length).toBeLessThanOrEqual(SLOTS + 1);
      expect(took).toBeLessThan(2000 + 8 * idle);
    } finally {
      compare.mockRestore();
    }
  });
});

/** Returns the client ports of all connections that the service accepts from now on, and updates them. */
function openPorts(service: TestService): Set<number | undefined> {
  const ports = new Set<number | undefined>();
  service.app.getHttpServer().on('connection', (socket: Socket) => {
    const { remotePort } = socket;
    ports.add(remotePort);
    socket.once('close', () => ports.delete(remotePort));
  });
  return ports;
}

/** Sends a sign-in on its own connection. */
function post(service: TestService, body: object, headers: Record<string, string>) {
  const one = request(`${service.url}/sign-in/email`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  one.on('error', () => undefined);
  one.on('response', (response) => response.resume());
  one.end(JSON.stringify(body));
  const port = new Promise<number | undefined>((resolve) => {
    one.once('socket', (socket) => socket.once('connect', () => resolve(socket.localPort)));
  });
  return { port, hangUp: () => one.destroy() };
}
