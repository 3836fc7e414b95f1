import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, PASSWORD, signUp } from '../support/client.js';
import { LimiterClock } from '../support/guesses.js';
import { startTestService, type TestService } from '../support/service.js';

/** Sign-ins and sign-ups of one network in a minute, as promised in docs/decisions/0013. */
const PASSWORD_REQUESTS = 60;
/** The same for an IPv4 /24 or an IPv6 /56, and for an IPv6 /48. */
const OF_A_SITE = 240;
const OF_A_HOLDER = 480;

/** Sends a request that is counted and then rejected for its body. It costs very little. */
const send = async (service: TestService, headers: Record<string, string> = {}) =>
  (await new Caller(service).post('/sign-in/email', {}, undefined, headers)).status;

const hex = (n: number) => n.toString(16);

/** Sends the given number of requests. Returns how many were not refused by the rate limit. */
const admitted = async (service: TestService, count: number, headers: (n: number) => Record<string, string>) => {
  let sum = 0;
  for (let n = 0; n < count; n++) if ((await send(service, headers(n))) !== 429) sum++;
  return sum;
};

describe('control 19: a client cannot forge its address', () => {
  let exposed: TestService;
  let proxied: TestService;
  let chained: TestService;
  let clock: LimiterClock;
  beforeAll(async () => {
    clock = new LimiterClock();
    exposed = await startTestService({ config: { rateLimit: true } });
    proxied = await startTestService({ replicaOf: exposed, config: { rateLimit: true, trustProxy: ['127.0.0.1'] } });
    const trustProxy = ['127.0.0.0/8', '10.0.0.0/8'];
    chained = await startTestService({ replicaOf: exposed, config: { rateLimit: true, trustProxy } });
  });
  afterEach(() => clock.advance(60));
  afterAll(async () => {
    clock.restore();
    await chained.close();
    await proxied.close();
    await exposed.close();
  });

  it.each<[string, (n: number) => Record<string, string>]>([
    ['X-Forwarded-For', (n) => ({ 'x-forwarded-for': `192.0.2.${n}` })],
    ['Forwarded', (n) => ({ forwarded: `for=192.0.2.${n}` })],
    ['X-Real-IP', (n) => ({ 'x-real-ip': `192.0.2.${n}` })],
    ['True-Client-IP', (n) => ({ 'true-client-ip': `192.0.2.${n}` })],
    ['CF-Connecting-IP', (n) => ({ 'cf-connecting-ip': `192.0.2.${n}` })],
    ['X-Client-IP', (n) => ({ 'x-client-ip': `192.0.2.${n}` })],
  ])('ignores %s where no proxy is trusted', async (_, headers) => {
    expect(await admitted(exposed, PASSWORD_REQUESTS + 5, headers)).toBe(PASSWORD_REQUESTS);
  });

  it.each<[string, (n: number) => Record<string, string>]>([
    ['Forwarded', (n) => ({ forwarded: `for=192.0.2.${n}` })],
    ['X-Real-IP', (n) => ({ 'x-real-ip': `192.0.2.${n}` })],
    ['True-Client-IP', (n) => ({ 'true-client-ip': `192.0.2.${n}` })],
  ])('ignores %s where a proxy is trusted', async (name, headers) => {
    const forwarded = { 'x-forwarded-for': '198.51.100.1' };
    const count = PASSWORD_REQUESTS + 5;
    expect([name, await admitted(proxied, count, (n) => ({ ...headers(n), ...forwarded }))]).toEqual([
      name,
      PASSWORD_REQUESTS,
    ]);
  });

  it('takes the client address from the entry that a trusted proxy appended, and ignores the entries before it', async () => {
    const sent = await admitted(proxied, PASSWORD_REQUESTS + 5, (n) => ({
      'x-forwarded-for': `203.0.113.${n}, 192.0.2.${n}, 198.51.100.7`,
    }));
    expect(sent).toBe(PASSWORD_REQUESTS);
    expect(await send(proxied, { 'x-forwarded-for': '198.51.100.7, 198.51.100.8' })).toBe(400);
    expect(await send(proxied, { 'x-forwarded-for': '198.51.100.7' })).toBe(429);
  });

  it('takes the right-most untrusted address from a chain of trusted proxies', async () => {
    const sent = await admitted(chained, PASSWORD_REQUESTS + 5, (n) => ({
      'x-forwarded-for': `203.0.113.${n}, 198.51.100.7, 10.0.0.${n}, 10.1.1.1`,
    }));
    expect(sent).toBe(PASSWORD_REQUESTS);
    expect(await send(chained, { 'x-forwarded-for': '198.51.100.7, 192.0.2.200, 10.0.0.2' })).toBe(400);
  });

  it('counts all values that are no address together', async () => {
    const sent = await admitted(proxied, PASSWORD_REQUESTS + 5, (n) => ({ 'x-forwarded-for': `made-up-${n}` }));
    expect(sent).toBe(PASSWORD_REQUESTS);
  });

  it('counts hosts of one IPv6 /64 as one client, and hosts of another /64 separately', async () => {
    const sent = await admitted(proxied, PASSWORD_REQUESTS + 5, (n) => ({
      'x-forwarded-for': `2001:db8:0:1:${n.toString(16)}::${n.toString(16)}`,
    }));
    expect(sent).toBe(PASSWORD_REQUESTS);
    expect(await send(proxied, { 'x-forwarded-for': '2001:0DB8:0000:0001:ffff:ffff:ffff:ffff' })).toBe(429);
    expect(await send(proxied, { 'x-forwarded-for': '2001:db8:0:2::1' })).toBe(400);
  });

  it('gives the hosts of one IPv4 /24 a wider shared budget, and hosts of another /24 their own', async () => {
    const sent = await admitted(proxied, OF_A_SITE + 5, (n) => ({ 'x-forwarded-for': `192.0.2.${n % 250}` }));
    expect(sent).toBe(OF_A_SITE);
    expect(await send(proxied, { 'x-forwarded-for': '192.0.2.251' })).toBe(429);
    expect(await send(proxied, { 'x-forwarded-for': '192.0.3.1' })).toBe(400);
  });

  it('limits the holder of an IPv6 /48, however many of its networks it uses', async () => {
    const site = await admitted(proxied, OF_A_SITE + 5, (n) => ({
      'x-forwarded-for': `2001:db8:5:${hex(n % 256)}::1`,
    }));
    expect(site).toBe(OF_A_SITE);
    const rest = await admitted(proxied, OF_A_HOLDER, (n) => ({
      'x-forwarded-for': `2001:db8:5:${hex(256 + n * 64)}::1`,
    }));
    expect(rest).toBe(OF_A_HOLDER - OF_A_SITE);
    expect(await send(proxied, { 'x-forwarded-for': '2001:db8:6:1::1' })).toBe(400);
  });

  it('uses up no budget of the neighbours when a client is refused', async () => {
    await admitted(proxied, OF_A_SITE + 50, () => ({ 'x-forwarded-for': '192.0.2.1' }));
    const neighbours = await admitted(proxied, OF_A_SITE, (n) => ({ 'x-forwarded-for': `192.0.2.${2 + (n % 200)}` }));
    expect(neighbours).toBe(OF_A_SITE - PASSWORD_REQUESTS);
  });

  it('counts password checks of a signed-in user together with sign-ins', async () => {
    const caller = new Caller(proxied);
    const { token } = await signUp(exposed);
    const from = { 'x-forwarded-for': '198.51.100.20' };
    for (const [path, body] of [
      ['/two-factor/enable', { password: 'not the password' }],
      ['/change-password', { currentPassword: 'not the password', newPassword: 'another password' }],
    ] as const) {
      expect(await caller.post(path, body, token, from)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_PASSWORD' },
      });
    }
    expect(await admitted(proxied, PASSWORD_REQUESTS, () => from)).toBe(PASSWORD_REQUESTS - 2);
    expect((await caller.post('/two-factor/enable', { password: PASSWORD }, token, from)).status).toBe(429);
    // Routes that require no password have a separate budget.
    expect((await caller.get('/get-session', token, from)).status).toBe(200);
  });

  it('counts all spellings of one IPv4 address together, and another address separately', async () => {
    const sent = await admitted(proxied, PASSWORD_REQUESTS + 5, (n) => ({
      'x-forwarded-for': ['198.51.100.9', '::ffff:198.51.100.9', '::FFFF:c633:6409'][n % 3]!,
    }));
    expect(sent).toBe(PASSWORD_REQUESTS);
    expect(await send(proxied, { 'x-forwarded-for': '::ffff:198.51.100.10' })).toBe(400);
  });
});
