import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { startProcess, type ServiceProcess } from '../test/support/service-process.js';

const run = promisify(execFile);

/** The built service with a throw-away Postgres beside it, as in production: two processes, nothing shared. */
export interface Harness {
  readonly databaseUrl: string;
  /** Process that all others of Postgres are children of. */
  readonly postgresPid: number;
  /** Starts `dist/main.js` as in production, on this database or on the way to it that is given. */
  start(databaseUrl?: string, more?: Record<string, string>): Promise<ServiceProcess>;
  /** Ends Postgres and removes every file. */
  close(): Promise<void>;
}

/** @param parameters of Postgres, as in `postgresql.conf` */
export async function startHarness(parameters: Readonly<Record<string, string>> = {}): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'two-factor-bench-'));
  // Started by root, the server runs as another user and lives below.
  await chmod(folder, 0o711);
  const remove = () => rm(folder, { recursive: true, force: true });
  const keys = `bench:${randomBytes(32).toString('base64')}`;
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: folder, parameters });
    return {
      databaseUrl: postgres.url,
      postgresPid: postgres.pid,
      start: (databaseUrl = postgres.url, more = {}) =>
        startProcess(folder, {
          NODE_ENV: 'production',
          HOST: '127.0.0.1',
          BASE_URL: 'http://localhost:3001',
          DATABASE_URL: databaseUrl,
          TWO_FACTOR_KEYS: keys,
          // So that a benchmark may send as many requests as it likes, each from an address of its own.
          TRUST_PROXY: '127.0.0.1',
          ...more,
        }),
      close: async () => {
        await postgres.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Stops a service as an operator does, and waits for its end. */
export async function stop({ child, ended }: ServiceProcess): Promise<void> {
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(`The service ended with ${code}: ${stderr}`);
}

/** @returns megabytes (of 2^20 bytes) that a process holds in memory: its resident set */
export async function residentMegabytes(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  }
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) / 1024;
}

/**
 * @returns milliseconds of CPU that all threads of a process have used; Linux and macOS count hundredths of a second
 */
export async function cpuMilliseconds(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name of the program stands in parentheses and may hold blanks; the 14th and 15th field are user and system.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }
  const { stdout } = await run('ps', ['-o', 'cputime=', '-p', String(pid)]);
  return stdout.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000;
}

/** The machine that the numbers depend on, for comparisons. */
export function describeMachine(): string {
  const model = cpus()[0]?.model ?? 'unknown';
  return (
    `Node ${process.version}, ${process.platform}-${process.arch}, ${availableParallelism()} cores (${model}), ` +
    `load of the last minute ${loadavg()[0]?.toFixed(1)}`
  );
}

/** Median, least and most; of an even number the upper of the two in the middle. */
export function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), min: at(0), max: at(sorted.length - 1) };
}
