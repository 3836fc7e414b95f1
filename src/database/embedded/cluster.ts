import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureDataFolder } from '../../config/data-folder.js';
import { StartupError } from '../../config/startup-error.js';
import { errorCode, errorMessage } from '../../errors.js';
import { locateBinaries, type Binaries } from './binaries.js';
import { canEnter, operatingUser, ownerOf, sharedFolder, type OperatingUser } from './operating-user.js';

const run = promisify(execFile);

/** The files of one embedded server, and their owner. */
export interface Cluster {
  /** The data directory of Postgres. */
  readonly data: string;
  /** Path of the server's log. Each start truncates it. */
  readonly log: string;
  /** Password of the superuser `postgres`. */
  readonly password: string;
  readonly user: OperatingUser | undefined;
}

/**
 * Finds the cluster in the folder `postgres` of a data folder.
 *
 * @returns `undefined` when there is none
 * @throws {StartupError} when its files belong to another user
 */
export async function findCluster(dataDir: string): Promise<Cluster | undefined> {
  const link = join(dataDir, 'postgres');
  try {
    const folder = await realpath(link);
    const data = join(folder, 'data');
    const password = (await readFile(join(folder, 'password'), 'utf8')).trim();
    return { data, log: join(folder, 'server.log'), password, user: await ownerOf(data) };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' && !(await exists(link))) return undefined;
    const reason = code === 'EACCES' ? 'belongs to another user' : `is damaged (${code})`;
    throw new StartupError(`The embedded database ${link} ${reason}: remove it, or set DATA_DIR or DATABASE_URL`, {
      cause: error,
    });
  }
}

/** Finds or creates the cluster. Two processes that create it at the same time get the same one. */
export async function openCluster(dataDir: string, durable: boolean, notice: (line: string) => void): Promise<Cluster> {
  await forgetLostCluster(dataDir, notice);
  const found = await findCluster(dataDir);
  if (found) return found;
  await createCluster(dataDir, durable, notice);
  const created = await findCluster(dataDir);
  if (!created) throw new StartupError(`The embedded database vanished from ${dataDir} while it was made`);
  return created;
}

async function createCluster(dataDir: string, durable: boolean, notice: (line: string) => void): Promise<void> {
  const user = await operatingUser();
  const binaries = await locateBinaries(user, () => undefined);
  await ensureDataFolder(dataDir);
  const reachable = user === undefined || (await canEnter(user, dataDir));
  const home = reachable ? dataDir : await sharedFolder(user);

  // Created in a draft folder and published by one rename or link: a killed process leaves no incomplete cluster.
  const draft = await mkdtemp(join(home, 'postgres-'));
  const link = join(dataDir, 'postgres');
  try {
    await initialise(draft, binaries, user, durable);
    await (reachable ? rename(draft, link) : symlink(draft, link));
    if (!reachable) notice(`The embedded database lives in ${draft}: its user cannot enter ${dataDir}`);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
  }
}

async function initialise(
  folder: string,
  { initdb }: Binaries,
  user: OperatingUser | undefined,
  durable: boolean,
): Promise<void> {
  const data = join(folder, 'data');
  const password = join(folder, 'password');
  await mkdir(data, { mode: 0o700 });
  await writeFile(password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (user) {
    await chmod(folder, 0o711);
    await chown(data, user.uid, user.gid);
    await chown(password, user.uid, user.gid);
  }
  const options = [
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // A built-in collation: with that of the C library, an upgrade of the machine could break indexes.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ];
  try {
    await run(initdb, options, { ...user, cwd: '/', windowsHide: true });
  } catch (error) {
    // The message contains the command and its whole output. The line with the reason has the word `error:`.
    const message = errorMessage(error);
    const reason = message.split('\n').findLast((line) => line.includes('error:')) ?? message;
    throw new StartupError(`The embedded database could not be made: ${reason}`, { cause: error });
  }
}

/** Removes a link to a cluster that an operator deleted: the link would prevent the creation of a new one. */
async function forgetLostCluster(dataDir: string, notice: (line: string) => void): Promise<void> {
  const link = join(dataDir, 'postgres');
  const target = await readlink(link).catch(() => undefined);
  if (target === undefined || (await exists(target))) return;
  notice(`The embedded database ${target} no longer exists: a new one is created`);
  await rm(link, { force: true });
}

async function exists(path: string): Promise<boolean> {
  return realpath(path).then(
    () => true,
    () => false,
  );
}
