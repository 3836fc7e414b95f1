import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { StartupError } from '../../config/startup-error.js';
import { errorCode, errorMessage } from '../../errors.js';
import type { Cluster } from './cluster.js';

const run = promisify(execFile);

/** Advisory lock of the process that started the server, held until it ends. The number is arbitrary and used only here. */
const OWNER_LOCK = 7_260_238;
const PATIENCE_MS = 20_000;

/** Content of `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

export function urlOf(cluster: Cluster, port: number): string {
  return `postgres://postgres:${cluster.password}@127.0.0.1:${port}/postgres?sslmode=disable`;
}

/** Reads `postmaster.pid`; `undefined` when there is none or it is still being written. */
export async function readPostmaster({ data }: Cluster): Promise<Postmaster | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  // Lines: pid, data directory, start time, port, socket directory, address, shared memory, status.
  const lines = text.split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 && port > 0 ? { pid, port, ready: lines[7]?.trim() === 'ready' } : undefined;
}

/**
 * Takes the owner's lock on a separate connection.
 *
 * @returns the connection, which holds the lock until it ends; `undefined` when a live process holds it
 * @throws what `connect` throws
 */
export async function takeOwnership(cluster: Cluster, port: number): Promise<Client | undefined> {
  const client = new Client({
    connectionString: urlOf(cluster, port),
    application_name: 'two-factor owner',
    connectionTimeoutMillis: 5000,
  });
  // Without a listener, the error would be uncaught. It needs no action: the connection breaks only when the server ends, and
  // the owner observes the server's process.
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [OWNER_LOCK]);
  if (rows[0]?.taken) return client;
  await client.end();
  return undefined;
}

/**
 * Ensures that no server runs on the cluster: waits for a server that is ending, and stops one whose owner was killed.
 *
 * @throws {StartupError} when the owner is alive
 */
export async function clearTheWay(cluster: Cluster, notice: (line: string) => void): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const postmaster = await readPostmaster(cluster);
    if (!postmaster) return;
    if (!(await isRunning(postmaster, cluster))) {
      await forgetStalePid(postmaster, cluster);
      return;
    }
    const ownership = await tryOwnership(cluster, postmaster);
    if (ownership === 'in use') throw inUse(cluster);
    if (ownership !== 'not ready') {
      notice('The embedded database was left running by a process that was killed: it is restarted');
      process.kill(postmaster.pid, 'SIGINT');
      await ownership.end().catch(() => undefined);
    }
    await sleep(50);
  }
  throw new StartupError(
    `The embedded database ${cluster.data} is neither starting nor stopping: stop its server first`,
  );
}

export function inUse(cluster: Cluster): StartupError {
  return new StartupError(
    `The embedded database ${cluster.data} is already in use by another process: stop that one, or set DATA_DIR or DATABASE_URL`,
  );
}

async function tryOwnership(cluster: Cluster, { port }: Postmaster): Promise<Client | 'in use' | 'not ready'> {
  try {
    return (await takeOwnership(cluster, port)) ?? 'in use';
  } catch (error) {
    const [code, message] = [errorCode(error), errorMessage(error)];
    // 57P01 to 57P03: the server is shutting down or starting up. The other codes are of sockets that it closes then.
    const passing = code?.startsWith('57P0') || code?.startsWith('ECONN') || message.includes('terminated');
    if (passing) return 'not ready';
    throw new StartupError(`The embedded database ${cluster.data} does not let its owner in: ${message}`, {
      cause: error,
    });
  }
}

/** Checks the command line: after a crash of the machine, another program may have the same process id. */
async function isRunning({ pid }: Postmaster, { data }: Cluster): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
  }
  if (process.platform === 'win32') return true;
  const command =
    process.platform === 'linux'
      ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      : await run('ps', ['-o', 'command=', '-p', String(pid)]).then(
          ({ stdout }) => stdout,
          () => '',
        );
  return command.includes(data);
}

/** Removes a stale file: Postgres ignores a process id that is free, but refuses one that another program has. */
async function forgetStalePid(stale: Postmaster, cluster: Cluster): Promise<void> {
  const current = await readPostmaster(cluster);
  if (current?.pid === stale.pid) await rm(join(cluster.data, 'postmaster.pid'), { force: true });
}
