import { lostKeys } from '../config/lost-keys.js';
import type { KeyConfig } from '../config/service-config.js';
import { KeyRingError } from '../two-factor/index.js';

/**
 * Adds remedies to the error of a wrong key ring. The library cannot: it does not know the files and variables of the service.
 *
 * @param error any startup error; other errors are returned unchanged
 */
export function explainKeyRing(
  error: unknown,
  config: Pick<KeyConfig, 'databaseUrl' | 'dataDir' | 'keyFile'>,
): unknown {
  return error instanceof KeyRingError && error.reason !== 'retired' ? lostKeys(error.message, config) : error;
}
