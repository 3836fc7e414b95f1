import { randomBytes } from 'node:crypto';
import { developmentKeyFile, developmentKeys } from './development-keys.js';
import { readDatabaseEnvironment, readEnvironment, readKeyEnvironment, type Environment } from './environment.js';
import { lostKeys } from './lost-keys.js';
import type { DatabaseConfig, KeyConfig, ServiceConfig } from './service-config.js';

/**
 * The validated environment; outside production the key ring is made up when TWO_FACTOR_KEYS is unset.
 *
 * @throws {StartupError} one line naming every variable at fault
 */
export async function loadConfig(env: Environment): Promise<ServiceConfig> {
  // Validated before anything is written to disk: a start that is refused leaves no trace.
  const checked = checkEnvironment(env);
  if (hasKeys(env)) return checked;
  const database = readDatabaseEnvironment(env);
  const config = readEnvironment(await withDevelopmentKeys(env, database));
  return Object.assign(config, { keyFile: developmentKeyFile(database.dataDir) });
}

/**
 * Validates the environment and touches neither disk nor database.
 *
 * @returns what it says; with a placeholder for a key ring that would be made up
 * @throws {StartupError} one line naming every variable at fault
 */
export function checkEnvironment(env: Environment): ServiceConfig {
  return readEnvironment(hasKeys(env) ? env : { ...env, TWO_FACTOR_KEYS: PLACEHOLDER_RING });
}

/**
 * The database and the key ring, as a service with the same environment has them.
 *
 * @throws {StartupError} one line naming every variable at fault
 */
export async function loadKeyConfig(env: Environment): Promise<KeyConfig> {
  if (hasKeys(env)) return readKeyEnvironment(env);
  const database = readDatabaseEnvironment(env);
  const config = readKeyEnvironment(await withDevelopmentKeys(env, database));
  return Object.assign(config, { keyFile: developmentKeyFile(database.dataDir) });
}

/** @throws {StartupError} with remedies when the database needs keys and their file is missing; creates no file then */
export async function refuseLostDevelopmentKeys(database: DatabaseConfig): Promise<void> {
  // Loaded only when the file is missing: all other starts have no use for a look at the database before they begin.
  const { keysInUse } = await import('../database/keys-in-use.js');
  const [kid] = await keysInUse(database);
  if (kid === undefined) return;
  const keyFile = developmentKeyFile(database.dataDir);
  throw lostKeys(`${keyFile} is gone, and the database holds secrets sealed with its key "${kid}"`, {
    ...database,
    keyFile,
  });
}

async function withDevelopmentKeys(env: Environment, database: DatabaseConfig): Promise<Environment> {
  const keys = await developmentKeys(database.dataDir, () => refuseLostDevelopmentKeys(database));
  return { ...env, TWO_FACTOR_KEYS: keys };
}

/** Production never generates a ring, so a missing ring is an error there. */
function hasKeys(env: Environment): boolean {
  return env.NODE_ENV?.trim() === 'production' || Boolean(env.TWO_FACTOR_KEYS?.trim());
}

const PLACEHOLDER_RING = `placeholder:${randomBytes(32).toString('base64')}`;
