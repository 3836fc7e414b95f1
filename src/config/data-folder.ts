import { mkdir } from 'node:fs/promises';
import { StartupError } from './startup-error.js';
import { errorCode } from '../errors.js';

/**
 * Makes the folder that keeps the development secrets and the embedded database.
 *
 * Others may pass through it but not list it: started by root, the embedded server runs as another user and lives
 * below. Every file in it has its own mode.
 *
 * @throws {StartupError} when it cannot be made
 */
export async function ensureDataFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o711 });
  } catch (error) {
    throw new StartupError(`Cannot make the data folder ${path}: ${errorCode(error)}`, { cause: error });
  }
}
