import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDataFolder } from './data-folder.js';
import { StartupError } from './startup-error.js';
import { errorCode } from '../errors.js';

/** The file of a data folder that keeps the key ring of a development machine. */
export function developmentKeyFile(dataDir: string): string {
  return join(dataDir, 'two-factor.keys');
}

/**
 * The key ring of a development machine, as TWO_FACTOR_KEYS would hold it: made at the first call, kept in
 * `two-factor.keys` (mode 600) of the data folder and read from there ever after.
 *
 * @param refuseLost throws when the database needs keys that were lost: a new file in their place would hide that
 * @throws {StartupError} when the file can be neither read nor made
 */
export async function developmentKeys(dataDir: string, refuseLost: () => Promise<void>): Promise<string> {
  const path = developmentKeyFile(dataDir);
  try {
    const kept = await readIfThere(path);
    if (kept !== undefined) return kept;
    try {
      await refuseLost();
    } catch (error) {
      // Another process may have made both, the file and what it sealed, since we looked.
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
 * Puts a key in front of the development keys, which are made first if they are not there. They are replaced as a whole
 * or not at all.
 *
 * @param entry `kid:base64`
 * @param refuseLost as `developmentKeys` has it
 * @returns the path of their file
 * @throws {StartupError} when the file cannot be read or replaced, or another process is replacing it
 */
export async function keepDevelopmentKey(
  dataDir: string,
  entry: string,
  refuseLost: () => Promise<void>,
): Promise<string> {
  const path = developmentKeyFile(dataDir);
  // Taken by one process at a time: of two that read and replace, one key would be lost.
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
    // A link appears complete or not at all, and never replaces the ring of a process that was faster.
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
