import { developmentKeys } from './development-keys.js';
import { readDatabaseEnvironment, readEnvironment, type Environment } from './environment.js';
import type { ServiceConfig } from './service-config.js';

/**
 * The validated environment; outside production the key ring is made up when TWO_FACTOR_KEYS is unset.
 *
 * @throws {StartupError} one line naming every variable at fault
 */
export async function loadConfig(env: Environment): Promise<ServiceConfig> {
  if (env.NODE_ENV?.trim() === 'production' || env.TWO_FACTOR_KEYS?.trim()) return readEnvironment(env);
  // Validated before anything is written to disk: a start that is refused leaves no trace.
  readEnvironment({ ...env, TWO_FACTOR_KEYS: placeholderRing });
  const { dataDir } = readDatabaseEnvironment(env);
  return readEnvironment({ ...env, TWO_FACTOR_KEYS: await developmentKeys(dataDir) });
}

const placeholderRing = `placeholder:${Buffer.alloc(32).toString('base64')}`;
