import { execFile } from 'node:child_process';
import { lstat, mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StartupError } from '../../config/startup-error.js';

const run = promisify(execFile);
const USER_NAME = 'postgres';

/** The user that the server runs as, in the form of the options of `spawn`. */
export interface OperatingUser {
  readonly uid: number;
  readonly gid: number;
}

/** The user of a server that root starts: Postgres refuses to run as root. */
function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Returns the user that runs the server: `undefined` is the user of this process. For root it is `postgres`, which is
 * created when missing.
 *
 * @throws {StartupError} when root cannot create that user
 */
export async function operatingUser(): Promise<OperatingUser | undefined> {
  if (!isRoot()) return undefined;
  const existing = await lookUp();
  if (existing) return existing;
  await run('useradd', ['--system', '--user-group', '--no-create-home', USER_NAME]).catch(() => undefined);
  const created = await lookUp();
  if (!created) {
    throw new StartupError(
      `Postgres does not run as root and a user "${USER_NAME}" could not be created: start as another user or set DATABASE_URL`,
    );
  }
  return created;
}

/** Returns the owner of an existing data folder: the server must run as that user, `postgres` or not. */
export async function ownerOf(path: string): Promise<OperatingUser | undefined> {
  if (!isRoot()) return undefined;
  const { uid, gid } = await stat(path);
  return { uid, gid };
}

async function lookUp(): Promise<OperatingUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', USER_NAME]), run('id', ['-g', USER_NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** Whether the user can enter a folder and all folders above it. */
export async function canEnter(user: OperatingUser, folder: string): Promise<boolean> {
  // Asks the system: mode bits alone ignore access control lists and mount options.
  return run('test', ['-x', folder], { ...user, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

/**
 * Returns a folder owned by root that the operating user can enter. Used when it cannot enter the data folder, as in `/root`.
 *
 * Prefers `/var/lib`: it survives a reboot, and only root can write there.
 *
 * @throws {StartupError} when no such folder exists
 */
export async function sharedFolder(user: OperatingUser): Promise<string> {
  for (const parent of new Set(['/var/lib', tmpdir(), '/tmp'])) {
    const folder = join(parent, 'nestjs-two-factor');
    await mkdir(folder, { mode: 0o711 }).catch(() => undefined);
    if ((await isOwnedByRootAlone(folder)) && (await canEnter(user, folder))) return folder;
  }
  throw new StartupError(
    'Found no folder that the user of the embedded Postgres can enter: start as another user or set DATABASE_URL',
  );
}

/** @returns whether only root can write to the folder; `false` for a link */
export async function isOwnedByRootAlone(folder: string): Promise<boolean> {
  try {
    const stats = await lstat(folder);
    return stats.isDirectory() && stats.uid === 0 && (stats.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
