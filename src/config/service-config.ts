import type { RingKey } from '../two-factor/index.js';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** The location of the database: all that a migration needs. */
export interface DatabaseConfig {
  readonly production: boolean;
  /** `undefined`: the embedded server. Always defined in production. */
  readonly databaseUrl: string | undefined;
  /** Absolute path of the folder with the embedded server and the development keys. */
  readonly dataDir: string;
}

/** The configuration of the commands on keys. */
export interface KeyConfig extends DatabaseConfig {
  /** The key ring, never empty. The first key seals; every key opens. */
  readonly keys: readonly RingKey[];
  /** The file that holds the keys; `undefined` when they are in TWO_FACTOR_KEYS. */
  readonly keyFile?: string;
}

export interface SmtpConfig {
  /** SMTP servers, never empty. The second is used when the first fails, and so on. */
  readonly urls: readonly string[];
  /** `address` or `Name <address>`. */
  readonly from: string;
}

export interface TwilioConfig {
  readonly accountSid: string;
  readonly authToken: string;
  readonly from: string;
  /** Origin of the API; `undefined`: Twilio's own. */
  readonly baseUrl: string | undefined;
}

export interface SmsWebhookConfig {
  readonly url: string;
  readonly secret: string;
}

/** The environment after it was validated. */
export interface ServiceConfig extends KeyConfig {
  /** Time-out of one statement, in milliseconds. Other time-outs are computed from it. */
  readonly databaseTimeoutMs: number;
  /** `false`: statements are sent without names, for poolers that do not track prepared statements. */
  readonly databasePrepared: boolean;
  /** `false`: the start does not run migrations, and fails when some are pending. */
  readonly migrations: boolean;
  /** Time between the stop signal and the end of new requests, in milliseconds. `GET /health` is 503 in it. */
  readonly shutdownDelayMs: number;
  readonly host: string;
  readonly port: number;
  /** Origin under which clients reach the service: scheme, host and port, no trailing slash. */
  readonly baseUrl: string;
  /** Origins whose pages may send cookies. Always contains `baseUrl`. */
  readonly trustedOrigins: readonly string[];
  /** Whether pages of other origins may read the session token in `set-auth-token`. */
  readonly exposeAuthToken: boolean;
  /** Addresses and networks of trusted proxies: the service accepts their `X-Forwarded-*` headers. Empty: none. */
  readonly trustProxy: readonly string[];
  /** Name that an authenticator app shows above the account. Contains no colon. */
  readonly issuer: string;
  /** Logarithm of the rounds, 10 to 16. */
  readonly bcryptCost: number;
  readonly logLevel: LogLevel;
  /** `false`: neither requests nor password guesses are limited. */
  readonly rateLimit: boolean;
  /** Redis in which processes share their rate limits; `undefined`: each process counts for itself. */
  readonly redisUrl: string | undefined;
  /** Whether Swagger UI and the OpenAPI document are served. */
  readonly docs: boolean;
  /** Bearer token for the details of `GET /health`, at least 24 characters; `undefined`: no token. */
  readonly healthToken: string | undefined;
  /** `undefined`: no mail is sent; development prints it to the console. */
  readonly smtp: SmtpConfig | undefined;
  /** `undefined`: no SMS by Twilio. */
  readonly twilio: TwilioConfig | undefined;
  /** `undefined`: no SMS by webhook. */
  readonly smsWebhook: SmsWebhookConfig | undefined;
  /** Countries to whose numbers SMS is sent [ISO 3166-1 alpha-2]; `undefined`: all, which production refuses. */
  readonly smsCountries: readonly string[] | undefined;
  /** Most SMS to confirmed numbers in 24 hours; others get a tenth. `undefined`: the default of the library. */
  readonly smsPerDay: number | undefined;
  /** Whether an account with an authenticator app may also receive codes at its mail address. */
  readonly mailFallback: boolean;
  /** Whether this process delivers messages; `false`: a worker process does. */
  readonly outbox: boolean;
}
