import { randomBytes } from 'node:crypto';
import { developmentKeyFile, developmentKeys } from './development-keys.js';
import { readDatabaseEnvironment, readEnvironment, readKeyEnvironment, type Environment } from './environment.js';
import { lostKeys } from './lost-keys.js';
import type { DatabaseConfig, KeyConfig, ServiceConfig } from './service-config.js';

/**
 * Validates the environment. Outside production, generates a key ring when TWO_FACTOR_KEYS is unset.
 *
 * @throws {StartupError} with one line that names every invalid variable
 */
export async function loadConfig(env: Environment): Promise<ServiceConfig> {
  // Runs before the first write to disk: a start with an invalid variable creates no files.
  const checked = checkEnvironment(env);
  if (hasKeys(env)) return checked;
  const database = readDatabaseEnvironment(env);
  const config = readEnvironment(await withDevelopmentKeys(env, database));
  return Object.assign(config, { keyFile: developmentKeyFile(database.dataDir) });
}

/**
 * Validates the environment without access to disk or database.
 *
 * @returns the configuration; its key ring is a placeholder where `loadConfig` would generate one
 * @throws {StartupError} with one line that names every invalid variable
 */
export function checkEnvironment(env: Environment): ServiceConfig {
  return readEnvironment(hasKeys(env) ? env : { ...env, TWO_FACTOR_KEYS: PLACEHOLDER_RING });
}

/**
 * Reads the database and the key ring that a service with the same environment would use.
 *
 * @throws {StartupError} with one line that names every invalid variable
 */
export async function loadKeyConfig(env: Environment): Promise<KeyConfig> {
  if (hasKeys(env)) return readKeyEnvironment(env);
  const database = readDatabaseEnvironment(env);
  const config = readKeyEnvironment(await withDevelopmentKeys(env, database));
  return Object.assign(config, { keyFile: developmentKeyFile(database.dataDir) });
}

/** @throws {StartupError} with remedies when the database needs keys and their file is missing; creates no file then */
export async function refuseLostDevelopmentKeys(database: DatabaseConfig): Promise<void> {
  // Imported only when the file is missing: the import would slow every other start.
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
