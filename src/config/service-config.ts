import type { RingKey } from '../two-factor/index.js';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where the database is; all that a migration needs to know. */
export interface DatabaseConfig {
  readonly production: boolean;
  /** `undefined`: the embedded server. Never so in production. */
  readonly databaseUrl: string | undefined;
  /** Folder of the embedded server and the development secrets; absolute. */
  readonly dataDir: string;
}

/** What commands on keys need. */
export interface KeyConfig extends DatabaseConfig {
  /** The first seals, all open; never empty. */
  readonly keys: readonly RingKey[];
  /** The file that the keys came from; `undefined`: from TWO_FACTOR_KEYS. */
  readonly keyFile?: string;
}

export interface SmtpConfig {
  /** Servers to hand mail to, tried in turn; never empty. */
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
  /** How long one statement may take; other time-outs follow from it. */
  readonly databaseTimeoutMs: number;
  readonly host: string;
  readonly port: number;
  /** Origin under which clients reach the service: scheme, host and port, no trailing slash. */
  readonly baseUrl: string;
  /** Origins whose pages may send cookies; that of `baseUrl` is always among them. */
  readonly trustedOrigins: readonly string[];
  /** Whether pages of other origins may read the session token in `set-auth-token`. */
  readonly exposeAuthToken: boolean;
  /** Addresses and networks of trusted proxies: the service accepts their `X-Forwarded-*` headers. Empty: none. */
  readonly trustProxy: readonly string[];
  /** Name that an authenticator app shows above the account; has no colon. */
  readonly issuer: string;
  /** Logarithm of the rounds, 10 to 16. */
  readonly bcryptCost: number;
  readonly logLevel: LogLevel;
  /** `false`: neither requests nor password guesses are limited. */
  readonly rateLimit: boolean;
  /** Where processes share their rate limits; `undefined`: each has its own. */
  readonly redisUrl: string | undefined;
  /** Whether Swagger UI and the OpenAPI document are served. */
  readonly docs: boolean;
  /** Bearer token that reads the details of `GET /health`, at least 24 characters. */
  readonly healthToken: string | undefined;
  /** `undefined`: no mail; development prints it to the console. */
  readonly smtp: SmtpConfig | undefined;
  /** `undefined`: no SMS by Twilio. */
  readonly twilio: TwilioConfig | undefined;
  /** `undefined`: no SMS by webhook. */
  readonly smsWebhook: SmsWebhookConfig | undefined;
  /** Countries whose numbers may be texted, ISO 3166-1 alpha-2; `undefined`: all, which production refuses. */
  readonly smsCountries: readonly string[] | undefined;
  /** Ceiling of text messages to proven numbers in 24 hours, ten times that of others; `undefined`: the library's own. */
  readonly smsPerDay: number | undefined;
  /** Whether an account with an authenticator app may also have codes mailed to its own address. */
  readonly mailFallback: boolean;
  /** Whether this process delivers messages; `false`: another one does. */
  readonly outbox: boolean;
}
