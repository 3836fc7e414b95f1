import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDataFolder } from './data-folder.js';
import { StartupError } from './startup-error.js';
import { errorCode } from '../errors.js';

/** The path of the file that holds the key ring of a development machine. */
export function developmentKeyFile(dataDir: string): string {
  return join(dataDir, 'two-factor.keys');
}

/**
 * Returns the key ring of a development machine, in the format of TWO_FACTOR_KEYS. The first call creates it in the file
 * `two-factor.keys` (mode 600) of the data folder. Later calls read that file.
 *
 * @param refuseLost throws when the database has rows that need a missing key: a new file would hide the loss
 * @throws {StartupError} when the file can be neither read nor created
 */
export async function developmentKeys(dataDir: string, refuseLost: () => Promise<void>): Promise<string> {
  const path = developmentKeyFile(dataDir);
  try {
    const kept = await readIfThere(path);
    if (kept !== undefined) return kept;
    try {
      await refuseLost();
    } catch (error) {
      // Another process may have created the file and sealed rows with it after the read above.
      const made = await readIfThere(path);
      if (made !== undefined) return made;
      throw error;
    }
    return await makeOnce(dataDir, path);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`Cannot read or make the development keys ${path}: ${errorCode(error)}`, {
      cause: error,
    });
  }
}

/**
 * Puts a key in front of the development keys. Creates the file first when it is missing. The file is replaced atomically.
 *
 * @param entry `kid:base64`
 * @param refuseLost see `developmentKeys`
 * @returns the path of the file
 * @throws {StartupError} when the file cannot be read or replaced, or another process is replacing it
 */
export async function keepDevelopmentKey(
  dataDir: string,
  entry: string,
  refuseLost: () => Promise<void>,
): Promise<string> {
  const path = developmentKeyFile(dataDir);
  // The draft is a lock. If two processes read and replaced the file at the same time, one key would be lost.
  const draft = `${path}.next`;
  await developmentKeys(dataDir, refuseLost);
  try {
    await writeFile(draft, '', { mode: 0o600, flag: 'wx' });
    await writeFile(draft, `${entry},${await developmentKeys(dataDir, refuseLost)}\n`);
    await rename(draft, path);
    return path;
  } catch (error) {
    const taken = errorCode(error) === 'EEXIST';
    if (!taken) await rm(draft, { force: true });
    const reason = taken ? `${draft} is in the way` : errorCode(error);
    throw new StartupError(`Cannot replace the development keys ${path}: ${reason}`, { cause: error });
  }
}

async function makeOnce(dataDir: string, path: string): Promise<string> {
  await ensureDataFolder(dataDir);
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, `dev:${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    // `link` is atomic and fails if the file exists, so the ring of a faster process stays.
    await link(draft, path).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return (await readFile(path, 'utf8')).trim();
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
