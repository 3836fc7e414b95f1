import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Caller,
  enrol,
  PASSWORD,
  signUp,
  type Answer,
  type AnyBody,
  type EnrolledOwner,
  lastingHeaders,
} from '../support/client.js';
import { describeWith } from '../support/describe-with.js';
import { passSeconds, trust } from '../support/devices.js';
import {
  freshAddress,
  from,
  guess,
  guessMany,
  LimiterClock,
  retryAfter,
  right,
  statuses,
  useUp,
} from '../support/guesses.js';
import { missingRedis, startRedis, type TestRedis } from '../support/redis.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

/* Budgets as promised in docs/decisions/0013. */
const FROM_A_NETWORK = 10;
const FROM_EVERYWHERE = 50;
const BY_A_DEVICE = 10;
const MINUTES_AT_MOST = 10;

const PROXIED = { rateLimit: true, trustProxy: ['127.0.0.1'] };

/** Calls a route that requires the password of a signed-in user. */
function askPassword(
  service: TestService,
  path: string,
  token: string,
  password: string,
  address: string,
): Promise<Answer<AnyBody>> {
  const body = path === '/change-password' ? { currentPassword: password, newPassword: 'a new one' } : { password };
  return new Caller(service).post(path, body, token, from(address));
}

/** Returns the token with one bit of its last character changed. */
const flipped = (token: string) => token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');

describe('control 16: passwords cannot be guessed, and guessing does not lock out the owner', () => {
  let service: TestService;
  let proxy: StatementProxy;
  let clock: LimiterClock;
  let caller: Caller;
  beforeAll(async () => {
    clock = new LimiterClock();
    service = await startTestService({
      config: PROXIED,
      route: async (databaseUrl) => {
        proxy = await startStatementProxy(databaseUrl);
        return proxy.url;
      },
    });
    caller = new Caller(service);
  });
  afterAll(async () => {
    clock.restore();
    await service.close();
    await proxy.close();
  });

  /** Creates a new account, so that a test begins with full budgets for the address of this machine. */
  const newOwner = async () => {
    clock.advance(61);
    return enrol(service);
  };

  const asks = (path: string, token: string, password: string, address = freshAddress()) =>
    askPassword(service, path, token, password, address);
  const code = async (path: string, bearer: string) => (await asks(path, bearer, PASSWORD)).body.code;

  describe('150 wrong passwords from changing addresses', () => {
    let owner: EnrolledOwner;
    let device: string;
    let strangersDevice: string;
    beforeAll(async () => {
      owner = await newOwner();
      ({ device } = await trust(service, owner));
      ({ device: strangersDevice } = await trust(service, await newOwner()));
      const answers = await guessMany([service], owner.email, 150);
      expect(statuses(answers)).toEqual({ 401: FROM_EVERYWHERE, 429: 150 - FROM_EVERYWHERE });
    });

    it('make the service refuse the right password from every address', async () => {
      const refused = await guess(service, owner.email, right());
      expect(refused).toMatchObject({
        status: 429,
        body: { code: 'TOO_MANY_REQUESTS', message: 'Too many requests. Please try again later.' },
      });
      expect(retryAfter(refused)).toBeLessThanOrEqual(MINUTES_AT_MOST * 60);
      expect(refused.headers.getSetCookie()).toEqual([]);
    });

    it('leave the trusted device a way to sign in, and a guess budget of its own', async () => {
      const signedIn = await guess(service, owner.email, right({ device }));
      expect(signedIn).toMatchObject({ status: 200, body: { redirect: false } });
      device = signedIn.body.trustedDeviceToken;
      const wrong = await guessMany([service], owner.email, 15, { device });
      expect(statuses(wrong)).toEqual({ 401: BY_A_DEVICE, 429: 15 - BY_A_DEVICE });
    });

    it('give no extra guesses to a device that the account does not trust', async () => {
      const none: (string | undefined)[] = [strangersDevice, flipped(device), 'tfd_', undefined];
      for (const token of none) {
        expect(await guess(service, owner.email, right({ device: token }))).toMatchObject({ status: 429 });
      }
    });

    it('delay the owner for minutes only, even when guessing continues', async () => {
      const address = freshAddress();
      for (let n = 0; n <= FROM_A_NETWORK; n++) {
        expect((await guess(service, owner.email, right({ address }))).status).toBe(429);
      }
      clock.advance(MINUTES_AT_MOST * 60);
      expect(await guess(service, owner.email, right({ address }))).toMatchObject({
        status: 200,
        body: { twoFactorRedirect: true },
      });
    });
  });

  it('gives no guess budget to a revoked device or to a device token that was replaced', async () => {
    const owner = await newOwner();
    const [revoked, spent] = [await trust(service, owner), await trust(service, owner)];
    const devices = await caller.get<{ id: string; current: boolean }[]>('/two-factor/trusted-devices', spent.session);
    const other = devices.body.find(({ current }) => !current);
    expect((await caller.delete(`/two-factor/trusted-devices/${other?.id}`, spent.session)).status).toBe(200);
    const next = (await guess(service, owner.email, right({ device: spent.device }))).body.trustedDeviceToken;
    await passSeconds(service, owner.id, 61);
    await useUp(service, owner.email, FROM_EVERYWHERE);

    for (const device of [revoked.device, spent.device]) {
      expect((await guess(service, owner.email, right({ device }))).status).toBe(429);
    }
    expect((await guess(service, owner.email, right({ device: next }))).status).toBe(200);
  });

  describe('password guesses from one network', () => {
    it('reach their limit earlier, and use up no budget of other networks', async () => {
      const owner = await signUp(service);
      const address = freshAddress();
      const answers = [
        ...(await guessMany([service], owner.email, 50, { address })),
        ...(await guessMany([service], owner.email, 50, { address })),
      ];
      expect(statuses(answers)).toEqual({ 401: FROM_A_NETWORK, 429: 100 - FROM_A_NETWORK });
      expect((await guess(service, owner.email, right({ address }))).status).toBe(429);
      expect((await guess(service, owner.email, right())).status).toBe(200);

      await useUp(service, owner.email, FROM_EVERYWHERE - FROM_A_NETWORK - 1);
      expect(statuses(await guessMany([service], owner.email, 3))).toEqual({ 401: 1, 429: 2 });
    });

    it('start a new budget after the right password, for this network only', async () => {
      const owner = await signUp(service);
      const address = freshAddress();
      for (let round = 0; round < 2; round++) {
        await useUp(service, owner.email, FROM_A_NETWORK - 2, address);
        expect((await guess(service, owner.email, { address })).status).toBe(401);
        expect((await guess(service, owner.email, right({ address }))).status).toBe(200);
      }
    });

    it('are counted separately for each email address', async () => {
      const [one, other] = [await signUp(service), await signUp(service)];
      const address = freshAddress();
      await useUp(service, one.email, FROM_A_NETWORK, address);
      expect((await guess(service, one.email.toUpperCase(), { address })).status).toBe(429);
      expect((await guess(service, other.email, { address })).status).toBe(401);
    });
  });

  it('gives one guess back after the right password, and does not refill what others used up', async () => {
    const owner = await signUp(service);
    const left = 5;
    await useUp(service, owner.email, FROM_EVERYWHERE - left);
    for (let n = 0; n < 3; n++) expect((await guess(service, owner.email, right())).status).toBe(200);
    expect(statuses(await guessMany([service], owner.email, 20))).toEqual({ 401: left, 429: 20 - left });
  });

  it('sends no statement to the database once a budget is used up', async () => {
    const owner = await signUp(service);
    await useUp(service, owner.email, FROM_EVERYWHERE);
    const statements = await proxy.statementsOf(async () => guess(service, owner.email, right()));
    expect(statements).toEqual([]);

    const address = freshAddress();
    for (let n = 0; n < 60; n++) await caller.post('/sign-in/email', {}, undefined, from(address));
    const other = await signUp(service);
    expect(
      await proxy.statementsOf(async () => {
        expect((await guess(service, other.email, right({ address }))).status).toBe(429);
      }),
    ).toEqual([]);
  });

  it('gives an address without an account the same response, byte for byte, with the same work', async () => {
    const owner = await newOwner();
    const { device } = await trust(service, await newOwner());
    clock.freeze();
    const seen = await Promise.all(
      [owner.email, 'nobody-at-all@example.com'].map(async (email) => {
        const address = freshAddress();
        const answers: Answer<AnyBody>[] = [];
        await useUp(service, email, FROM_A_NETWORK - 2, address);
        for (let n = 0; n < 3; n++) answers.push(await guess(service, email, { address }));
        answers.push(await guess(service, email, { address, device }));
        await useUp(service, email, FROM_EVERYWHERE - FROM_A_NETWORK);
        answers.push(await guess(service, email), await guess(service, email, { device }));
        return answers.map(({ status, headers, body }) => [status, JSON.stringify(body), lastingHeaders(headers)]);
      }),
    );
    const [known, unknown] = seen;
    expect(unknown).toEqual(known);

    const work = async (email: string) => proxy.statementsOf(async () => guess(service, email, { device }));
    expect(await work('nobody-at-all@example.com')).toEqual(await work(owner.email));
  });

  describe('password checks of a signed-in user', () => {
    const PATHS = ['enable', 'disable', 'get-totp-uri', 'get-totp-qr', 'generate-backup-codes'].map(
      (name) => `/two-factor/${name}`,
    );
    it('count together with those at sign-in', async () => {
      const owner = await newOwner();
      const address = freshAddress();
      const paths = [...PATHS, '/change-password'];
      for (const path of paths) {
        const wrong = await asks(path, owner.token, 'not the password', address);
        expect(wrong).toMatchObject({ status: 400, body: { code: 'INVALID_PASSWORD' } });
      }
      const more = await guessMany([service], owner.email, 10, { address });
      expect(statuses(more)).toEqual({ 401: FROM_A_NETWORK - paths.length, 429: paths.length });
      for (const path of paths) {
        const refused = await asks(path, owner.token, PASSWORD, address);
        expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
        expect(retryAfter(refused)).toBeLessThanOrEqual(15 * 60);
      }
      expect((await asks('/two-factor/get-totp-uri', owner.token, PASSWORD)).status).toBe(200);
    });

    it('run after every other check of the request', async () => {
      const weak = await signUp(service);
      const owner = await newOwner();
      const { body } = await guess(service, owner.email, right());
      const token = body.twoFactorToken;
      await useUp(service, owner.email, FROM_EVERYWHERE);
      await useUp(service, weak.email, FROM_EVERYWHERE);

      expect(await code('/two-factor/enable', token)).toBe('UNAUTHORIZED');
      const withoutBody = await caller.post('/two-factor/enable', {}, owner.token);
      expect(withoutBody.body.code).toBe('VALIDATION_ERROR');
      for (const path of ['/two-factor/disable', '/two-factor/generate-backup-codes']) {
        expect(await code(path, weak.token)).toBe('TWO_FACTOR_NOT_ENABLED');
      }
      expect(await code('/two-factor/get-totp-uri', weak.token)).toBe('TOTP_NOT_ENABLED');
      expect(await code('/two-factor/enable', weak.token)).toBe('TOO_MANY_REQUESTS');
      // Two-factor is off, but the session once proved a second factor.
      await service.query('DELETE FROM two_factor_authenticator WHERE account_id = $1', [owner.id]);
      expect(await code('/two-factor/disable', owner.token)).toBe('TWO_FACTOR_NOT_ENABLED');
    });

    it('use the guess budget of the device that opened the session', async () => {
      const owner = await newOwner();
      const { session } = await trust(service, owner);
      await useUp(service, owner.email, FROM_EVERYWHERE);
      for (const path of ['/two-factor/get-totp-uri', '/two-factor/generate-backup-codes']) {
        expect((await asks(path, owner.token, PASSWORD)).status).toBe(429);
        expect((await asks(path, session, PASSWORD)).status).toBe(200);
      }
      expect((await asks('/change-password', session, PASSWORD)).status).toBe(200);
    });
  });

  it('stores no address and no password', async () => {
    // test/faults/redis.spec.ts checks what Redis stores.
    const { headers, body } = await guess(service, 'somebody@example.com');
    expect(JSON.stringify([...headers]) + JSON.stringify(body)).not.toMatch(/somebody|not the password/);
  });
});

describeWith(missingRedis)('control 16: passwords cannot be guessed by asking two replicas at once', () => {
  let redis: TestRedis;
  let replicas: TestService[];
  beforeAll(async () => {
    redis = await startRedis();
    const config = { ...PROXIED, redisUrl: redis.url };
    const first = await startTestService({ config });
    replicas = [first, await startTestService({ config, replicaOf: first })];
  });
  afterAll(async () => {
    for (const replica of replicas.toReversed()) await replica.close();
    await redis.close();
  });

  it('evaluates ten of 50 guesses from one network', async () => {
    const { email } = await signUp(replicas[0]!);
    const answers = await guessMany(replicas, email, 50, { address: freshAddress() });
    expect(statuses(answers)).toEqual({ 401: FROM_A_NETWORK, 429: 50 - FROM_A_NETWORK });
  });

  it('evaluates ten of 50 more guesses from changing addresses after 40 earlier ones', async () => {
    const { email } = await signUp(replicas[0]!);
    const left = 10;
    await useUp(replicas[0]!, email, FROM_EVERYWHERE - left);
    const answers = await guessMany(replicas, email, 50);
    expect(statuses(answers)).toEqual({ 401: left, 429: 50 - left });
  });
});
