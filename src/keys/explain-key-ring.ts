import { lostKeys } from '../config/lost-keys.js';
import type { KeyConfig } from '../config/service-config.js';
import { KeyRingError } from '../two-factor/index.js';

/**
 * Adds the remedies to the refusal of a key ring that does not fit: the library knows no files and no variables.
 *
 * @param error whatever stopped a start; other errors are given back as they are
 */
export function explainKeyRing(
  error: unknown,
  config: Pick<KeyConfig, 'databaseUrl' | 'dataDir' | 'keyFile'>,
): unknown {
  return error instanceof KeyRingError && error.reason !== 'retired' ? lostKeys(error.message, config) : error;
}
