import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Client } from 'pg';
import { AppModule } from '../../src/app.module.js';
import { PasswordHasher } from '../../src/accounts/passwords/password-hasher.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import { configureHttp } from '../../src/http/configure-http.js';
import { createHttpAdapter } from '../../src/http/http-adapter.js';
import { ServiceLogger } from '../../src/logging/service-logger.js';
import {
  Clock,
  LogSecurityEvents,
  MailSender,
  SecurityEvents,
  SmsSender,
  TwoFactorOptions,
  type SecurityEvent,
  type TwoFactorModuleOptions,
} from '../../src/two-factor/index.js';
import { PendingNotices } from '../../src/two-factor/messages/pending-notices.js';
import { MODULE_OPTIONS_TOKEN } from '../../src/two-factor/two-factor.module-definition.js';
import { FakeClock } from '../../src/two-factor/testing/fake-clock.js';
import { createTestDatabase } from './database.js';
import { searchLog } from './leaks/leak-search.js';
import { logRecord } from './leaks/log-record.js';
import { secrets } from './leaks/secrets.js';
import { recordTraffic } from './leaks/traffic.js';
import { Messages } from './messages.js';
import { inTurns } from './turns.js';

/** Origin of the pages that the service under test trusts. */
export const TRUSTED_ORIGIN = 'http://app.localhost:5173';

/** The whole service, listening, on its own database. */
export interface TestService {
  /** Base URL of the API, without a trailing slash. */
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly databaseUrl: string;
  /** The clock that codes are checked by. Advance it to get a new code. */
  readonly clock: FakeClock;
  readonly events: SecurityEvent[];
  /** The sent messages, if the service was started with `messages`. */
  readonly messages: Messages;
  /** Runs SQL on a separate connection. */
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Sends the notices that a budget held back and that are due now. @returns the number of queued mails */
  flushNotices(): Promise<number>;
  /** Closes the service. Throws when its log or its database contains a secret. */
  close(): Promise<void>;
}

export interface TestServiceOptions {
  /** With `bcryptCost` passwords are hashed at that cost, otherwise below the floor of the service. */
  readonly config?: Partial<ServiceConfig>;
  /** Options of the library that the service itself leaves at their defaults. */
  readonly twoFactor?: Partial<TwoFactorModuleOptions>;
  /** Records mail and text messages in `messages`. Without it the service has no senders. */
  readonly messages?: boolean;
  /** The service to be a replica of. */
  readonly replicaOf?: Pick<TestService, 'databaseUrl' | 'clock'>;
  /** Returns the URL by which the service connects to its database, for example through a proxy. */
  readonly route?: (databaseUrl: string) => Promise<string>;
}

const KEYS = [{ kid: 'test', secret: randomBytes(32) }];

/** The lowest cost of bcrypt. */
const LEAST_BCRYPT_COST = 4;

/** Keeps events for tests, and logs them as the service does. */
class RecordedEvents extends LogSecurityEvents {
  constructor(private readonly events: SecurityEvent[]) {
    super();
  }

  override emit(event: SecurityEvent): void {
    this.events.push(event);
    super.emit(event);
  }
}

export async function startTestService({
  config = {},
  twoFactor = {},
  messages = false,
  replicaOf,
  route,
}: TestServiceOptions = {}): Promise<TestService> {
  const database = replicaOf
    ? { url: replicaOf.databaseUrl, drop: () => Promise.resolve() }
    : await createTestDatabase();
  const clock = replicaOf?.clock ?? new FakeClock();
  const events: SecurityEvent[] = [];
  const settings: ServiceConfig = {
    // In production there are no console senders either. A test that needs messages sets `messages`.
    production: true,
    databaseUrl: database.url,
    // The machine may be busy.
    databaseTimeoutMs: 20_000,
    databasePrepared: true,
    migrations: true,
    shutdownDelayMs: 0,
    dataDir: '/nonexistent',
    host: '127.0.0.1',
    port: 0,
    baseUrl: 'http://localhost:3001',
    trustedOrigins: [TRUSTED_ORIGIN],
    exposeAuthToken: false,
    trustProxy: [],
    rateLimit: false,
    redisUrl: undefined,
    docs: false,
    healthToken: undefined,
    keys: KEYS,
    issuer: 'Test',
    bcryptCost: 10,
    logLevel: 'debug',
    smtp: undefined,
    twilio: undefined,
    smsWebhook: undefined,
    smsCountries: undefined,
    smsPerDay: undefined,
    mailFallback: true,
    outbox: false,
    // The recorded senders replace the console senders of development.
    ...(messages && { production: false, outbox: true }),
    ...config,
  };
  const url = route ? await route(database.url) : database.url;
  const sent = new Messages();
  const logger = new ServiceLogger(settings, logRecord);
  const builder = Test.createTestingModule({ imports: [AppModule.forRoot(settings, url)] })
    .setLogger(logger)
    .overrideProvider(Clock)
    .useValue(clock)
    .overrideProvider(SecurityEvents)
    .useValue(new RecordedEvents(events))
    .overrideProvider(TwoFactorOptions)
    // Waiting notices are sent only by `flushNotices`, and nothing is pruned: statements at random times could not be counted.
    .useFactory({
      factory: (options: TwoFactorModuleOptions) =>
        new TwoFactorOptions({ ...options, notices: { interval: 0 }, prune: { interval: 0 }, ...twoFactor }),
      inject: [MODULE_OPTIONS_TOKEN],
    });
  if (messages) {
    builder.overrideProvider(MailSender).useValue(sent.mail);
    builder.overrideProvider(SmsSender).useValue(sent.sms);
  }
  const module = await builder.compile();
  if (config.bcryptCost === undefined) cheapenPasswords(module.get(PasswordHasher, { strict: false }));
  const app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(settings), { logger });
  for (const { secret } of settings.keys) secrets.addBytes('ring key', secret);
  recordTraffic(app);
  await configureHttp(app, settings);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const beside = new Client({ connectionString: database.url });
  // Without a listener, a killed server would be an uncaught exception. The next query reports the lost connection.
  beside.on('error', () => undefined);
  await beside.connect();
  const query = inTurns((text: string, values: unknown[]) => beside.query(text, values));
  return {
    url: `http://127.0.0.1:${port}/api/auth`,
    app,
    databaseUrl: database.url,
    clock,
    events,
    messages: sent,
    async query<Row extends object>(text: string, values: unknown[] = []) {
      const result = await query(text, values);
      return result.rows as Row[];
    },
    async flushNotices() {
      return app.get(PendingNotices, { strict: false }).flush();
    },
    async close() {
      await beside.end();
      await app.close();
      await database.drop();
      searchLog();
    },
  };
}

/** Sets a cost below the floor of the service, because bcrypt would take most of the time of the tests. */
function cheapenPasswords(hasher: PasswordHasher): void {
  Reflect.set(hasher, 'cost', LEAST_BCRYPT_COST);
}
