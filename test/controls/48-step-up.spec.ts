import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Server } from 'node:net';
import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { io, type Socket } from 'socket.io-client';
import { SessionGateway, TwoFactorService, type SessionIdentity } from '../../src/two-factor/index.js';
import { Acme, ACME_ORIGIN, PLATFORMS, type EnrolledWorker } from '../acme/support.js';
import { AcmeSessions } from '../acme/company/identity/acme-sessions.js';
import { parseAuthChallenge } from '../support/auth-params.js';
import { Caller, enrol } from '../support/client.js';
import { startTestService } from '../support/service.js';
import { PaymentsGraphqlModule } from '../support/step-up/graphql.js';
import { PaymentsCredentials, PaymentsModule } from '../support/step-up/host.js';

/** What a session that is too old or too weak lacks for a payment. */
const REQUIRED = {
  message: 'Verify your second factor on this session first',
  code: 'SECOND_FACTOR_REQUIRED',
  maxAge: 300,
  acr: 'mfa',
  methods: ['totp'],
};
const PASSKEY = ['pwd', 'swk', 'pop', 'user', 'mfa'];

const requestOf = (token: string) => ({
  headers: { authorization: `Bearer ${token}` },
  cookies: {},
  ip: undefined,
  userAgent: undefined,
});

async function sessionOf(acme: Acme, token: string): Promise<SessionIdentity> {
  const session = await acme.get(AcmeSessions).identify(requestOf(token), { carrier: 'authorization', token });
  if (!session) throw new Error('The session has ended');
  return session;
}

/** Makes the second factor of a session as old as the test needs, by the clock that the policy asks. */
async function age(acme: Acme, token: string, seconds: number): Promise<void> {
  const secondFactorAt = new Date(acme.clock.now().getTime() - seconds * 1000);
  Object.assign(await sessionOf(acme, token), { secondFactorAt });
}

/** A company with payments in every transport. GraphQL needs Express, because one driver is enough for the test. */
async function startCompany(
  adapter: Parameters<typeof Acme.start>[0],
  platform: string,
): Promise<{ acme: Acme; port: number }> {
  let port = 0;
  const acme = await Acme.start(adapter, AcmeSessions, undefined, {
    structure: { isGlobal: true, credentials: PaymentsCredentials },
    imports: platform === 'Express' ? [PaymentsModule, PaymentsGraphqlModule] : [PaymentsModule],
    configure: async (app) => {
      const options = { host: '127.0.0.1', port: 0 };
      const microservice = app.connectMicroservice({ transport: Transport.TCP, options });
      await app.startAllMicroservices();
      const address = microservice.unwrap<Server>().address();
      port = typeof address === 'object' && address ? address.port : 0;
    },
  });
  return { acme, port };
}

describe.each(PLATFORMS)('control 48: step-up is as fresh as the route asks, on %s [RFC 9470]', (platform, adapter) => {
  let acme: Acme;
  let port: number;
  let caller: Caller;
  let worker: EnrolledWorker;
  beforeAll(async () => {
    ({ acme, port } = await startCompany(adapter(), platform));
    caller = acme.caller();
    worker = await acme.hireEnrolled();
  });
  afterAll(() => acme.close());

  /** Verifies the second factor on the worker's session, which gets another token. */
  const verify = async () => {
    const { status, body } = await worker.verify(worker.session);
    if (status !== 200) throw new Error(`Verifying answered ${status}`);
    worker.session = body.token;
  };

  describe('a REST route', () => {
    it('accepts a second factor of 4:59 minutes and refuses one of 5:01, until it is verified again', async () => {
      await verify();
      await age(acme, worker.session, 299);
      expect(await caller.post('/payments', {}, worker.session)).toMatchObject({
        status: 201,
        body: { payer: worker.id },
      });
      await age(acme, worker.session, 301);
      const refused = await caller.post('/payments', {}, worker.session);
      expect(refused).toMatchObject({ status: 401, body: REQUIRED });
      expect(Object.keys(refused.body)).toEqual(Object.keys(REQUIRED));
      const { sessionId } = await sessionOf(acme, worker.session);
      await verify();
      expect((await caller.post('/payments', {}, worker.session)).status).toBe(201);
      expect((await sessionOf(acme, worker.session)).sessionId).toBe(sessionId);
    });

    it('tells in its header what is missing, by the grammar of RFC 9110 and the names of RFC 9470', async () => {
      await age(acme, worker.session, 301);
      const { headers } = await caller.post('/payments', {}, worker.session);
      const { scheme, parameters } = parseAuthChallenge(headers.get('www-authenticate') ?? '');
      expect([scheme, Object.fromEntries(parameters)]).toEqual([
        'Bearer',
        {
          error: 'insufficient_user_authentication',
          error_description: REQUIRED.message,
          acr_values: 'mfa',
          max_age: '300',
        },
      ]);
    });

    it('asks by its method, where method and class ask for different ages', async () => {
      await age(acme, worker.session, 301);
      expect((await caller.get('/payments/limit', worker.session)).status).toBe(200);
      await age(acme, worker.session, 86_401);
      const { status, body } = await caller.get('/payments/limit', worker.session);
      expect([status, body]).toEqual([401, { ...REQUIRED, maxAge: 86_400 }]);
    });

    it('refuses an authenticator app where it asks for a factor that resists phishing, and accepts a passkey', async () => {
      await verify();
      const refused = await caller.post('/payments/limit', {}, worker.session);
      const message = 'Verify a passkey on this session first';
      expect(refused).toMatchObject({ status: 401, body: { ...REQUIRED, message, acr: 'phr' } });
      const { parameters } = parseAuthChallenge(refused.headers.get('www-authenticate') ?? '');
      expect(parameters.get('acr_values')).toBe('phr');
      // As the factor of passkeys reports a key with user verification.
      Object.assign(await sessionOf(acme, worker.session), { amr: PASSKEY });
      expect((await caller.post('/payments/limit', {}, worker.session)).status).toBe(201);
      Object.assign(await sessionOf(acme, worker.session), { amr: PASSKEY.filter((method) => method !== 'user') });
      expect((await caller.post('/payments/limit', {}, worker.session)).status).toBe(401);
    });

    it('refuses an account with two-factor off, or lets it in, as it says', async () => {
      const plain = await acme.hire();
      expect(await caller.post('/payments', {}, plain.session)).toMatchObject({
        status: 403,
        body: { code: 'ENROLMENT_REQUIRED' },
      });
      expect((await caller.post('/payments/small', {}, plain.session)).status).toBe(201);
    });

    it('answers 401 without a challenge of factors to callers without a session', async () => {
      for (const [path, bearer] of [
        ['/payments/limit', undefined],
        ['/payments/limit', 'acme_dead'],
        // The demand of the class stays, although the route accepts callers without a session.
        ['/payments/open', undefined],
      ] as const) {
        const { status, body } = await caller.get(path, bearer);
        expect([path, status, body]).toEqual([path, 401, { message: 'Unauthorized', code: 'UNAUTHORIZED' }]);
      }
    });

    it('documents what it answers', () => {
      const { paths } = acme.document();
      const answers = (path: string) =>
        Object.entries(paths[path]?.post?.responses ?? {}).flatMap(([status, response]) => {
          const content = response && 'content' in response ? (response.content?.['application/json'] ?? {}) : {};
          return Object.keys(content.examples ?? {}).map((code) => `${status} ${code}`);
        });
      expect(answers('/payments')).toEqual([
        '401 UNAUTHORIZED',
        '401 SECOND_FACTOR_REQUIRED',
        '403 ENROLMENT_REQUIRED',
      ]);
      expect(answers('/payments/small')).toEqual(['401 UNAUTHORIZED', '403 SECOND_FACTOR_REQUIRED']);
    });

    it('keeps 403 and its old body below @RequireSecondFactor and on the routes of the library', async () => {
      await age(acme, worker.session, 86_401);
      const { message, code } = REQUIRED;
      const own = await caller.get('/payments/short', worker.session);
      const library = await caller.delete('/two-factor/trusted-devices', worker.session);
      for (const { status, body, headers } of [own, library]) {
        expect([status, body, headers.get('www-authenticate')]).toEqual([403, { message, code }, null]);
      }
    });
  });

  describe('a message of a WebSocket', () => {
    let socket: Socket | undefined;
    afterEach(() => {
      socket?.disconnect();
    });

    const connect = async (options: Parameters<typeof io>[1]) => {
      const opened = io(acme.url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
      socket = opened;
      await new Promise<void>((resolve, reject) => {
        opened.on('connect', resolve);
        opened.on('connect_error', reject);
      });
    };

    /** @returns the data of the answer, or of the event `exception` */
    const ask = (pattern: string, data?: unknown) =>
      new Promise<unknown>((resolve) => {
        socket?.once('exception', resolve);
        socket?.emit(pattern, data, (answer: unknown) => {
          socket?.off('exception', resolve);
          resolve(answer);
        });
      });

    it.each([
      ['the Authorization header', (token: string) => ({ extraHeaders: { authorization: `Bearer ${token}` } })],
      ['the auth payload of Socket.IO', (token: string) => ({ auth: { token } })],
      [
        'a cookie from a trusted page',
        (token: string) => ({ extraHeaders: { cookie: `acme_session=${token}`, origin: ACME_ORIGIN } }),
      ],
    ])('is guarded by the session in %s of the handshake', async (_, options) => {
      await verify();
      await connect(options(worker.session));
      expect(await ask('account', { any: 'data' })).toBe(worker.id);
      expect(await ask('account')).toBe(worker.id);
      expect(await ask('account', 'text')).toBe(worker.id);
    });

    it('is looked at for itself: strength at each message, and a session revoked between two ends the second', async () => {
      await verify();
      await connect({ auth: { token: worker.session } });
      await age(acme, worker.session, 299);
      expect(await ask('pay', {})).toBe(worker.id);
      await age(acme, worker.session, 301);
      expect(await ask('pay', {})).toEqual({ status: 'error', ...REQUIRED, cause: { pattern: 'pay' } });
      expect(await ask('account', {})).toBe(worker.id);
      await acme.get(AcmeSessions).end(await sessionOf(acme, worker.session));
      expect(await ask('account', {})).toMatchObject({ status: 'error', code: 'UNAUTHORIZED' });
      worker.session = (await worker.verify(await worker.login())).body.token;
    });

    it('is refused without a session, and with the cookie of a user whose page is another site', async () => {
      await connect({});
      expect(await ask('account', {})).toMatchObject({ status: 'error', code: 'UNAUTHORIZED' });
      socket?.disconnect();
      await connect({ extraHeaders: { cookie: `acme_session=${worker.session}`, origin: 'https://evil.example' } });
      expect(await ask('account', {})).toMatchObject({ status: 'error', code: 'INVALID_ORIGIN' });
    });

    it('tells each of many concurrent messages the account of its own socket', async () => {
      await verify();
      const other = await acme.hire();
      await connect({ auth: { token: other.session } });
      const [first, ids] = [socket, [] as unknown[]];
      await connect({ auth: { token: worker.session } });
      const second = socket;
      for (let round = 0; round < 10; round++) {
        for (const one of [first, second]) {
          socket = one;
          ids.push(ask('account', round % 2 === 0 ? {} : undefined));
        }
      }
      expect(new Set(await Promise.all(ids.filter((__, index) => index % 2 === 0)))).toEqual(new Set([other.id]));
      expect(new Set(await Promise.all(ids.filter((__, index) => index % 2 === 1)))).toEqual(new Set([worker.id]));
      first?.disconnect();
    });
  });

  describe('a message of a TCP microservice', () => {
    let client: ClientProxy;
    beforeAll(() => {
      client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    });
    afterAll(() => client.close());

    const ask = (pattern: string, data: object) =>
      firstValueFrom(client.send<unknown>(pattern, data)).catch((error: unknown) => error);

    it('is guarded by the token that the host finds in it, each message for itself', async () => {
      await verify();
      const { session: token } = worker;
      expect(await ask('account', { token })).toBe(worker.id);
      await age(acme, token, 299);
      expect(await ask('pay', { token })).toBe(worker.id);
      await age(acme, token, 301);
      expect(await ask('pay', { token })).toEqual({ status: 'error', ...REQUIRED });
      await acme.get(AcmeSessions).end(await sessionOf(acme, token));
      expect(await ask('account', { token })).toMatchObject({ status: 'error', code: 'UNAUTHORIZED' });
      expect(await ask('account', {})).toMatchObject({ status: 'error', code: 'UNAUTHORIZED' });
      worker.session = (await worker.verify(await worker.login())).body.token;
    });
  });

  const describeGraphql = platform === 'Express' ? describe : null;
  describeGraphql?.('a GraphQL resolver', () => {
    interface GraphqlBody {
      readonly data: Record<string, string> | null;
      readonly errors?: ReadonlyArray<{ readonly message: string; readonly extensions: Record<string, unknown> }>;
    }

    const ask = async (query: string, bearer?: string, headers: Record<string, string> = {}) =>
      (await caller.post<GraphqlBody>('/graphql', { query }, bearer, headers)).body;

    it('is guarded by the session of its HTTP request, as fresh as it asks', async () => {
      await verify();
      expect(await ask('{ account }', worker.session)).toEqual({ data: { account: worker.id } });
      await age(acme, worker.session, 299);
      expect(await ask('mutation { pay }', worker.session)).toEqual({ data: { pay: worker.id } });
      await age(acme, worker.session, 301);
      const { message, ...rest } = REQUIRED;
      const refused = await ask('mutation { pay }', worker.session);
      expect(refused.errors?.map((error) => error.message)).toEqual([message]);
      expect(refused.errors?.[0]?.extensions).toMatchObject(rest);
    });

    it('finds for each of several fields of one operation the same caller', async () => {
      const { data } = await ask('{ a: account b: account c: account }', worker.session);
      expect(data).toEqual({ a: worker.id, b: worker.id, c: worker.id });
    });

    it('is refused without a session, and with the cookie of a user whose page is another site', async () => {
      expect((await ask('{ account }')).errors?.[0]?.extensions['code']).toBe('UNAUTHORIZED');
      const cookie = `acme_session=${worker.session}`;
      const foreign = await ask('{ account }', undefined, { cookie, origin: 'https://evil.example' });
      expect(foreign.errors?.[0]?.extensions['code']).toBe('INVALID_ORIGIN');
      const own = await ask('{ account }', undefined, { cookie, origin: ACME_ORIGIN });
      expect(own.data).toEqual({ account: worker.id });
    });
  });
});

describe('control 48: step-up on sessions of the service', () => {
  it('compares the time that Postgres wrote with the clock port, and passes after a verification', async () => {
    const service = await startTestService();
    try {
      const caller = new Caller(service);
      const owner = await enrol(service);
      const twoFactor = service.app.get(TwoFactorService, { strict: false });
      const require = async (token: string) => {
        const gateway = service.app.get(SessionGateway, { strict: false });
        const session = await gateway.identify(requestOf(token), { carrier: 'authorization', token });
        if (!session) throw new Error('The session has ended');
        return twoFactor.requireTwoFactor(session, { maxAge: '5m' });
      };
      const provenAgo = (seconds: number) =>
        service.query('UPDATE sessions SET second_factor_at = $2 WHERE user_id = $1', [
          owner.id,
          new Date(service.clock.now().getTime() - seconds * 1000),
        ]);
      await provenAgo(299);
      await require(owner.token);
      await provenAgo(301);
      await expect(require(owner.token)).rejects.toMatchObject({ code: 'SECOND_FACTOR_REQUIRED', status: 401 });
      const code = owner.app.nextCode();
      const { body } = await caller.post('/two-factor/verify-totp', { code }, owner.token);
      await require(body.token);
    } finally {
      await service.close();
    }
  });
});
