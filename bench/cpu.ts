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

/** CPU of a process, of its children that ended and of those that run. Postgres starts all of its own from one process. */
async function cpuWithChildren(pid: number): Promise<number> {
  if (process.platform !== 'linux') return Number.NaN;
  const children = await childrenOf(pid);
  const [own, ...theirs] = await Promise.all([pid, ...children].map(readStat));
  const running = theirs.reduce((sum, stat) => sum + (stat?.own ?? 0), 0);
  return (own?.own ?? 0) + (own?.ended ?? 0) + running;
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8')));
  return lists.flatMap((list) => list.trim().split(' ').filter(Boolean).map(Number));
}

/** @returns milliseconds; undefined for a process that ended meanwhile */
async function readStat(pid: number): Promise<{ own: number; ended: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The name of the program stands in parentheses and may hold blanks. Fields 14 to 17: utime, stime, cutime, cstime.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = (index: number) => Number(fields[index]) * 10;
  return { own: ticks(11) + ticks(12), ended: ticks(13) + ticks(14) };
}
