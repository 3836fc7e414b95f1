import { mkdir } from 'node:fs/promises';
import { StartupError } from './startup-error.js';
import { errorCode } from '../errors.js';

/**
 * Creates the folder of the development keys and the embedded database.
 *
 * Its mode is 711. When root starts the service, the embedded server runs as another user, and that user must be able to
 * reach its files below. It cannot list the folder. Every file in the folder has its own mode.
 *
 * @throws {StartupError} when the folder cannot be created
 */
export async function ensureDataFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o711 });
  } catch (error) {
    throw new StartupError(`Cannot make the data folder ${path}: ${errorCode(error)}`, { cause: error });
  }
}
