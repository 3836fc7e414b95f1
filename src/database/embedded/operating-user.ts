import { execFile } from 'node:child_process';
import { lstat, mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StartupError } from '../../config/startup-error.js';

const run = promisify(execFile);
const USER_NAME = 'postgres';

/** The user that the server runs as; spread into the options of `spawn`. */
export interface OperatingUser {
  readonly uid: number;
  readonly gid: number;
}

/** Root only: Postgres refuses to run as root and is given another user. */
function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Who shall run the server: `undefined` means this process's own user; started by root it is `postgres`, which is
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

/** The owner of an existing data folder may differ from `postgres`: it then runs the server. */
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

/** Whether that user can pass through a folder and all folders above it. */
export async function canEnter(user: OperatingUser, folder: string): Promise<boolean> {
  // Asked of the system, not computed from mode bits: access control lists and mounts have a say too.
  return run('test', ['-x', folder], { ...user, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

/**
 * A folder of root's that the operating user can enter, for a checkout below one it cannot, as in `/root`.
 *
 * Prefers `/var/lib`, which survives a reboot and where only root can write.
 *
 * @throws {StartupError} when there is no such place
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

/** @returns whether only root can have written there; false for any link */
export async function isOwnedByRootAlone(folder: string): Promise<boolean> {
  try {
    const stats = await lstat(folder);
    return stats.isDirectory() && stats.uid === 0 && (stats.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
