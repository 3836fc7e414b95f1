import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { StartupError } from '../../config/startup-error.js';
import { locateBinaries, type Binaries } from './binaries.js';
import { findCluster, openCluster, type Cluster } from './cluster.js';
import { clearTheWay, inUse, readPostmaster, takeOwnership, urlOf } from './postmaster.js';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

export interface EmbeddedPostgresOptions {
  /** Folder of the database. Created when missing. */
  readonly dataDir: string;
  /** `false` is faster and loses data at a power failure: for tests only. */
  readonly durable?: boolean;
  /** More server parameters, as in `postgresql.conf`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Receives lines for the operator. */
  readonly notice?: (line: string) => void;
}

/** A running server that this process started and must stop. */
export interface EmbeddedPostgres {
  /** URL with the superuser's password, on the loopback address. */
  readonly url: string;
  /** Process id of the server. */
  readonly pid: number;
  /** Resolves when the server has ended, for any reason. */
  readonly ended: Promise<void>;
  /** Shuts the server down in the fast mode of Postgres, and waits for its end. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts an embedded Postgres on a free port of 127.0.0.1. The first call creates its database.
 *
 * The server has its own process group. Ctrl-C in a terminal therefore signals the service only, which can still answer
 * requests in flight. If this process is killed, the server keeps running; the next call stops it and starts a new one.
 *
 * @throws {StartupError} when another live process uses the database, the package is missing or the server fails
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, durable = true, notice = () => undefined } = options;
  const cluster = await openCluster(dataDir, durable, notice);
  const binaries = await locateBinaries(cluster.user, notice);
  await clearTheWay(cluster, notice);

  const server = await launch(cluster, binaries, { ...serverParameters(durable), ...options.parameters });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const { port } = (await readPostmaster(cluster)) ?? { port: 0 };
  const ownership = await takeOwnership(cluster, port).catch(() => undefined);
  if (!ownership) {
    await end(server);
    throw inUse(cluster);
  }
  return running(cluster, port, server, ended, ownership);
}

/** Returns the URL of the server that another process runs on this data folder; `undefined` when there is none. */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  const cluster = await findCluster(dataDir);
  const postmaster = cluster && (await readPostmaster(cluster));
  if (!postmaster) return undefined;
  const client = await takeOwnership(cluster, postmaster.port).catch(() => null);
  // If this process gets the lock, the server has no owner and will end soon.
  await client?.end();
  return client === undefined ? urlOf(cluster, postmaster.port) : undefined;
}

function running(
  cluster: Cluster,
  port: number,
  server: ChildProcess,
  ended: Promise<void>,
  ownership: Client,
): EmbeddedPostgres {
  const lastResort = (): void => void server.kill('SIGINT');
  process.once('exit', lastResort);
  let stopped: Promise<void> | undefined;
  return {
    url: urlOf(cluster, port),
    pid: server.pid ?? 0,
    ended,
    stop: () =>
      (stopped ??= (async () => {
        await ownership.end().catch(() => undefined);
        await end(server);
        process.off('exit', lastResort);
      })()),
  };
}

function serverParameters(durable: boolean): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    // Without these, the server's log would contain personal data from statements and violated constraints.
    log_min_messages: 'fatal',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
}

async function launch(cluster: Cluster, binaries: Binaries, parameters: Record<string, string>): Promise<ChildProcess> {
  const settings = Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const log = await open(cluster.log, 'w', 0o600);
    const server = spawn(binaries.postgres, ['-D', cluster.data, '-p', String(port), ...settings], {
      ...cluster.user,
      cwd: '/',
      env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, LC_ALL: 'C' },
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 'ignore', log.fd],
    });
    await log.close();
    const failure = await untilReady(server, cluster);
    if (failure === undefined) return server;
    if (failure.includes('"postmaster.pid" already exists')) throw inUse(cluster);
    // Another program may take the free port before the server listens on it.
    const portTaken = failure.includes('could not create any TCP/IP sockets');
    if (!portTaken || attempt === 3) throw new StartupError(`The embedded Postgres did not start: ${failure}`);
  }
}

/** @returns the last line of the server if it failed; `undefined` when it accepts connections */
async function untilReady(server: ChildProcess, cluster: Cluster): Promise<string | undefined> {
  const gone = new AbortController();
  let failure: string | undefined;
  server.once('error', (error) => gone.abort((failure = error.message)));
  server.once('exit', () => gone.abort());
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!gone.signal.aborted) {
    const postmaster = await readPostmaster(cluster);
    if (postmaster?.ready && postmaster.pid === server.pid) return undefined;
    if (Date.now() > deadline) {
      await end(server);
      return `not ready after ${START_TIMEOUT_MS / 1000} s`;
    }
    await sleep(20, undefined, { signal: gone.signal }).catch(() => undefined);
  }
  return failure ?? lastWords(cluster);
}

async function lastWords({ log }: Cluster): Promise<string> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n');
  return lines.findLast((line) => line.includes('FATAL')) ?? (lines.at(-1) || 'it said nothing');
}

/** SIGINT is the fast shutdown of Postgres. A server that hangs is killed, and recovers from its log at the next start. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const exit = once(server, 'exit');
  const impatience = setTimeout(() => server.kill('SIGQUIT'), STOP_TIMEOUT_MS);
  server.kill('SIGINT');
  await exit;
  clearTimeout(impatience);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port');
  return address.port;
}
