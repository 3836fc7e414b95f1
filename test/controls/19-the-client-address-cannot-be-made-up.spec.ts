import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller } from '../support/client.js';
import { LimiterClock } from '../support/guesses.js';
import { startTestService, type TestService } from '../support/service.js';

/** Sign-ins and sign-ups of one network in a minute, as docs/decisions/0013 promises. */
const PASSWORD_REQUESTS = 60;

/** A request that is counted, refused for its body, and costs next to nothing. */
const send = async (service: TestService, headers: Record<string, string> = {}) =>
  (await new Caller(service).post('/sign-in/email', {}, undefined, headers)).status;

/** Sends so many requests, and tells how many were not refused for their number. */
const admitted = async (service: TestService, count: number, headers: (n: number) => Record<string, string>) => {
  let sum = 0;
  for (let n = 0; n < count; n++) if ((await send(service, headers(n))) !== 429) sum++;
  return sum;
};

describe('control 19: the client address cannot be made up', () => {
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
  ])('%s changes nothing where no proxy is trusted', async (_, headers) => {
    expect(await admitted(exposed, PASSWORD_REQUESTS + 5, headers)).toBe(PASSWORD_REQUESTS);
  });

  it.each<[string, (n: number) => Record<string, string>]>([
    ['Forwarded', (n) => ({ forwarded: `for=192.0.2.${n}` })],
    ['X-Real-IP', (n) => ({ 'x-real-ip': `192.0.2.${n}` })],
    ['True-Client-IP', (n) => ({ 'true-client-ip': `192.0.2.${n}` })],
  ])('%s changes nothing where a proxy is trusted either', async (name, headers) => {
    const forwarded = { 'x-forwarded-for': '198.51.100.1' };
    const count = PASSWORD_REQUESTS + 5;
    expect([name, await admitted(proxied, count, (n) => ({ ...headers(n), ...forwarded }))]).toEqual([
      name,
      PASSWORD_REQUESTS,
    ]);
  });

  it('a trusted proxy tells the client, and what stood in the header before it does not count', async () => {
    const sent = await admitted(proxied, PASSWORD_REQUESTS + 5, (n) => ({
      'x-forwarded-for': `203.0.113.${n}, 192.0.2.${n}, 198.51.100.7`,
    }));
    expect(sent).toBe(PASSWORD_REQUESTS);
    expect(await send(proxied, { 'x-forwarded-for': '198.51.100.7, 198.51.100.8' })).toBe(400);
    expect(await send(proxied, { 'x-forwarded-for': '198.51.100.7' })).toBe(429);
  });

  it('of a chain of trusted proxies the right-most stranger counts', async () => {
    const sent = await admitted(chained, PASSWORD_REQUESTS + 5, (n) => ({
      'x-forwarded-for': `203.0.113.${n}, 198.51.100.7, 10.0.0.${n}, 10.1.1.1`,
    }));
    expect(sent).toBe(PASSWORD_REQUESTS);
    expect(await send(chained, { 'x-forwarded-for': '198.51.100.7, 192.0.2.200, 10.0.0.2' })).toBe(400);
  });

  it('what is no address is counted together', async () => {
    const sent = await admitted(proxied, PASSWORD_REQUESTS + 5, (n) => ({ 'x-forwarded-for': `made-up-${n}` }));
    expect(sent).toBe(PASSWORD_REQUESTS);
  });

  it('hosts of one IPv6 /64 are one client, those of another are not', async () => {
    const sent = await admitted(proxied, PASSWORD_REQUESTS + 5, (n) => ({
      'x-forwarded-for': `2001:db8:0:1:${n.toString(16)}::${n.toString(16)}`,
    }));
    expect(sent).toBe(PASSWORD_REQUESTS);
    expect(await send(proxied, { 'x-forwarded-for': '2001:0DB8:0000:0001:ffff:ffff:ffff:ffff' })).toBe(429);
    expect(await send(proxied, { 'x-forwarded-for': '2001:db8:0:2::1' })).toBe(400);
  });

  it('an IPv4 address is itself in every spelling, and no other', async () => {
    const sent = await admitted(proxied, PASSWORD_REQUESTS + 5, (n) => ({
      'x-forwarded-for': ['198.51.100.9', '::ffff:198.51.100.9', '::FFFF:c633:6409'][n % 3]!,
    }));
    expect(sent).toBe(PASSWORD_REQUESTS);
    expect(await send(proxied, { 'x-forwarded-for': '::ffff:198.51.100.10' })).toBe(400);
  });
});
