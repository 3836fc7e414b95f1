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

/** The origin of the pages that the service under test trusts. */
export const TRUSTED_ORIGIN = 'http://app.localhost:5173';

/** The whole service, listening, on a database of its own. */
export interface TestService {
  /** Base URL of the API, without a trailing slash. */
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly databaseUrl: string;
  /** The time that codes are checked at; move it on to get a fresh code. */
  readonly clock: FakeClock;
  readonly events: SecurityEvent[];
  /** What was sent, where the service was started with `messages`. */
  readonly messages: Messages;
  /** Runs SQL beside the service. */
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Tells owners what a budget of notices held back and is due now. @returns mails that were queued */
  flushNotices(): Promise<number>;
  /** Ends it; throws when its log or its database held a secret. */
  close(): Promise<void>;
}

export interface TestServiceOptions {
  /** With a `bcryptCost` passwords are hashed at that; otherwise at one below the floor. */
  readonly config?: Partial<ServiceConfig>;
  /** Options of the library that the service itself leaves at their defaults. */
  readonly twoFactor?: Partial<TwoFactorModuleOptions>;
  /** Lets it send mail and text messages, into `messages` instead of the world. */
  readonly messages?: boolean;
  /** Another service's, to be its replica. */
  readonly replicaOf?: Pick<TestService, 'databaseUrl' | 'clock'>;
  /** The way from the service to its database, where it is not the straight one. */
  readonly route?: (databaseUrl: string) => Promise<string>;
}

const KEYS = [{ kid: 'test', secret: randomBytes(32) }];

/** Keeps events for tests, and logs them as the service does. */
/** The least that bcrypt can do. */
const LEAST_BCRYPT_COST = 4;

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
    // No console senders either: a test that wants messages asks for them.
    production: true,
    databaseUrl: database.url,
    // Long: the machine may be busy.
    databaseTimeoutMs: 20_000,
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
    // Console senders stand where the recorded ones go.
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
    // Notices that wait are told when a test says so (`flushNotices`): statements that come when they like cannot be counted.
    .useFactory({
      factory: (options: TwoFactorModuleOptions) =>
        new TwoFactorOptions({ ...options, notices: { interval: 0 }, ...twoFactor }),
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
  // A server that is killed takes its connections along; whoever asks next is told.
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

/** Below the floor that the service insists on: where bcrypt is not what is tested it would be most of the time. */
function cheapenPasswords(hasher: PasswordHasher): void {
  Reflect.set(hasher, 'cost', LEAST_BCRYPT_COST);
}
