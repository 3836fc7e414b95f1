import { readdir, readFile } from 'node:fs/promises';
import { cpuMilliseconds } from './harness.js';

/** Milliseconds of CPU of a server's process and of Postgres since an earlier reading. */
export interface CpuUse {
  readonly server: number;
  readonly postgres: number;
}

/**
 * Reads both counters. Linux only: `/proc` counts a child that ended into its parent, and no other system tells the CPU of
 * the backends of Postgres. Elsewhere the part of Postgres is NaN.
 *
 * @param server process id of the server under load
 * @param postmaster process id of Postgres
 */
export async function readCpu(server: number, postmaster: number): Promise<CpuUse> {
  return { server: await cpuMilliseconds(server), postgres: await cpuWithChildren(postmaster) };
}

export function since(before: CpuUse, after: CpuUse): CpuUse {
  return { server: after.server - before.server, postgres: after.postgres - before.postgres };
}

/**
 * CPU of a process, of its children that ended and of those that run. Postgres starts all of its own from one process, and
 * each has one thread.
 */
async function cpuWithChildren(pid: number): Promise<number> {
  if (process.platform !== 'linux') return Number.NaN;
  const running = await Promise.all([pid, ...(await childrenOf(pid))].map(ownCpu));
  return running.reduce((sum, own) => sum + own, await cpuOfEnded(pid));
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8')));
  return lists.flatMap((list) => list.trim().split(' ').filter(Boolean).map(Number));
}

/** @returns milliseconds, counted in nanoseconds: a backend uses less than the hundredths of `stat`; 0 once it ended */
async function ownCpu(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '0');
  return Number(text.split(' ')[0]) / 1e6;
}

async function cpuOfEnded(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name of the program stands in parentheses and may hold blanks. Fields 16 and 17: cutime and cstime, in hundredths.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
