import { StartupError } from './startup-error.js';
import type { KeyConfig } from './service-config.js';

/** The part of the configuration that decides which remedies apply. */
type Place = Pick<KeyConfig, 'databaseUrl' | 'dataDir' | 'keyFile'>;

/**
 * Adds remedies to the description of a wrong key ring: where to find the right key, and what is lost without it.
 *
 * @param fault what is wrong, without a full stop at its end
 */
export function lostKeys(fault: string, { databaseUrl, dataDir, keyFile }: Place): StartupError {
  const restore = keyFile
    ? `restore ${keyFile} from a backup, or set TWO_FACTOR_KEYS to what it held`
    : 'put the key back into TWO_FACTOR_KEYS from a backup';
  const anew = keyFile && databaseUrl === undefined ? `remove ${dataDir} to begin anew without any account, or ` : '';
  return new StartupError(
    `${fault}: ${restore}. Without the key the authenticator secrets and telephone numbers that it sealed are lost: ` +
      `${anew}see "A lost key" in docs/operate.md to go on with the accounts`,
  );
}
