import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { RingKey } from '../two-factor/index.js';
import { readDelivery } from './delivery-variables.js';
import { refuseClearText, refuseConsoleSenders, refuseKnownKeys } from './deployment-rules.js';
import { parseKeyRing } from './key-ring-variable.js';
import {
  LOG_LEVELS,
  type DatabaseConfig,
  type KeyConfig,
  type LogLevel,
  type ServiceConfig,
} from './service-config.js';
import { list, onOrOff, Variables, type Environment } from './variables.js';

export type { Environment };

/**
 * Reads and validates all environment variables of the service.
 *
 * Production has no defaults for DATABASE_URL, TWO_FACTOR_KEYS and BASE_URL: they are required. Production also refuses
 * values that are meant for development.
 *
 * @throws {StartupError} with one line that names every invalid variable and contains no secret
 */
export function readEnvironment(env: Environment): ServiceConfig {
  const variables = new Variables(env);
  const database = readDatabase(variables);
  const { production } = database;

  const port = variables.read('PORT', (text) => integer(text, 1, 65_535)) ?? 3001;
  const baseUrl =
    variables.read('BASE_URL', (text) => (production ? refuseClearText(origin(text)) : origin(text)), {
      required: production,
    }) ?? `http://localhost${port === 80 ? '' : `:${port}`}`;
  const config: ServiceConfig = {
    ...database,
    databaseTimeoutMs: 1000 * (variables.read('DATABASE_TIMEOUT', (text) => integer(text, 1, 60)) ?? 5),
    databasePrepared: variables.read('DATABASE_PREPARED', onOrOff) ?? true,
    migrations: variables.read('MIGRATIONS', onOrOff) ?? true,
    shutdownDelayMs: 1000 * (variables.read('SHUTDOWN_DELAY', (text) => integer(text, 0, 60)) ?? 0),
    host: variables.read('HOST', hostname) ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port,
    baseUrl,
    // The service has pages too. Without BASE_URL in the list, their requests would be refused with 403.
    trustedOrigins: [
      ...new Set([baseUrl, ...(variables.read('TRUSTED_ORIGINS', (text) => list(text).map(origin)) ?? [])]),
    ],
    exposeAuthToken: variables.read('EXPOSE_AUTH_TOKEN', onOrOff) ?? false,
    trustProxy: variables.read('TRUST_PROXY', (text) => list(text).map(network)) ?? [],
    keys: readKeys(variables, (keys) => production && refuseKnownKeys(keys)),
    issuer: variables.read('TWO_FACTOR_ISSUER', issuer) ?? 'Two factor',
    bcryptCost: variables.read('BCRYPT_COST', (text) => integer(text, 10, 16)) ?? 12,
    logLevel: variables.read('LOG_LEVEL', logLevel) ?? 'info',
    rateLimit: variables.read('RATE_LIMIT', onOrOff) ?? true,
    redisUrl: variables.read('REDIS_URL', redisUrl),
    docs: variables.read('DOCS', onOrOff) ?? !production,
    healthToken: variables.read('HEALTH_TOKEN', healthToken),
    ...readDelivery(variables, production),
  };
  refuseConsoleSenders(variables, config);
  variables.throwFaults();
  return config;
}

/**
 * Reads only the variables of the database: a migration needs neither keys nor a base URL.
 *
 * @throws {StartupError} as `readEnvironment` does
 */
export function readDatabaseEnvironment(env: Environment): DatabaseConfig {
  const variables = new Variables(env);
  const config = readDatabase(variables);
  variables.throwFaults();
  return config;
}

/**
 * The part of the environment that commands on keys need: a rotation has no base URL.
 *
 * @throws {StartupError} as `readEnvironment` does
 */
export function readKeyEnvironment(env: Environment): KeyConfig {
  const variables = new Variables(env);
  const database = readDatabase(variables);
  // Checks only the key that seals: while a published key is being replaced, it must still open rows.
  const keys = readKeys(variables, (ring) => database.production && refuseKnownKeys(ring.slice(0, 1)));
  variables.throwFaults();
  return { ...database, keys };
}

/** @param refuse throws a RangeError when the ring must not be used */
function readKeys(variables: Variables, refuse: (keys: readonly RingKey[]) => unknown): RingKey[] {
  const parse = (text: string) => {
    const keys = parseKeyRing(text);
    refuse(keys);
    return keys;
  };
  return (
    variables.read('TWO_FACTOR_KEYS', parse, { required: 'is missing, make one with: npm run keys -- generate' }) ?? []
  );
}

function readDatabase(variables: Variables): DatabaseConfig {
  const production = variables.read('NODE_ENV', nodeEnvironment) ?? false;
  return {
    production,
    databaseUrl: variables.read('DATABASE_URL', databaseUrl, { required: production }),
    dataDir: resolve(variables.read('DATA_DIR', (text) => text) ?? '.data'),
  };
}

function integer(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value < min || value > max) {
    throw new RangeError(`must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare =
    url &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.pathname === '/' &&
    !/[?#@*]/.test(text) &&
    url.origin !== 'null';
  if (!bare) throw new RangeError('must be an http or https origin such as https://auth.example.com, without a path');
  return url.origin;
}

function hostname(text: string): string {
  if (isIP(text) === 0 && !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) {
    throw new RangeError('must be an address or a host name');
  }
  return text;
}

function network(text: string): string {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const whole = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  if (bits < 0 || !whole || rest.length > 0) {
    throw new RangeError('must list IP addresses or networks such as 10.0.0.0/8');
  }
  return text;
}

function databaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new RangeError('must be a URL such as postgres://user:password@host:5432/database');
  }
  return text;
}

/** Refuses parameters: the Redis client would read them as its options. */
function redisUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const redis =
    url && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '' && url.search + url.hash === '';
  if (!redis || !/^\/?\d*$/.test(url.pathname)) {
    throw new RangeError('must be a URL such as redis://user:password@host:6379/0, or rediss://… for TLS');
  }
  return text;
}

function issuer(text: string): string {
  // The label of an otpauth URI is `issuer:account`: an app would cut the issuer at its first colon.
  if (text.includes(':') || text.length > 64) throw new RangeError('must have no colon and at most 64 characters');
  return text;
}

/** Accepts visible ASCII only: other characters cannot be sent in an Authorization header. */
function healthToken(text: string): string {
  if (!/^[\x21-\x7e]{24,}$/.test(text)) {
    throw new RangeError('needs at least 24 visible ASCII characters, such as from: openssl rand -hex 24');
  }
  return text;
}

function logLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === text);
  if (level === undefined) throw new RangeError(`must be one of ${LOG_LEVELS.join(', ')}`);
  return level;
}

/** Refuses unknown words: a misspelt `production` would start the service with development keys. */
function nodeEnvironment(text: string): boolean {
  if (!['production', 'development', 'test'].includes(text)) {
    throw new RangeError('must be production, development or test');
  }
  return text === 'production';
}
