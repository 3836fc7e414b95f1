import { developmentKeys } from './development-keys.js';
import { readDatabaseEnvironment, readEnvironment, readKeyEnvironment, type Environment } from './environment.js';
import type { KeyConfig, ServiceConfig } from './service-config.js';

/**
 * The validated environment; outside production the key ring is made up when TWO_FACTOR_KEYS is unset.
 *
 * @throws {StartupError} one line naming every variable at fault
 */
export async function loadConfig(env: Environment): Promise<ServiceConfig> {
  if (hasKeys(env)) return readEnvironment(env);
  // Validated before anything is written to disk: a start that is refused leaves no trace.
  readEnvironment({ ...env, TWO_FACTOR_KEYS: placeholderRing });
  const { dataDir } = readDatabaseEnvironment(env);
  return readEnvironment({ ...env, TWO_FACTOR_KEYS: await developmentKeys(dataDir) });
}

/**
 * The database and the key ring, as a service with the same environment has them.
 *
 * @throws {StartupError} one line naming every variable at fault
 */
export async function loadKeyConfig(env: Environment): Promise<KeyConfig> {
  if (hasKeys(env)) return readKeyEnvironment(env);
  const { dataDir } = readDatabaseEnvironment(env);
  return readKeyEnvironment({ ...env, TWO_FACTOR_KEYS: await developmentKeys(dataDir) });
}

/** In production nothing is made up, so a missing ring is found missing. */
function hasKeys(env: Environment): boolean {
  return env.NODE_ENV?.trim() === 'production' || Boolean(env.TWO_FACTOR_KEYS?.trim());
}

const placeholderRing = `placeholder:${Buffer.alloc(32).toString('base64')}`;
