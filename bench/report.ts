import type { BenchServer, Endpoint } from './endpoints.js';
import type { TableSize } from './growth.js';
import type { Beginning, MemorySample } from './life.js';
import type { Measurement } from './measure.js';

/** All that a run found, as `--json` writes it. */
export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly requests: number;
  readonly rounds: number;
  readonly accounts: number;
  /** Milliseconds of CPU of one bcrypt comparison at the cost of the accounts, alone in a process. */
  readonly bcrypt: number;
  readonly beginning: Beginning | undefined;
  /** Megabytes of the service after the measured requests. */
  readonly megabytesAfter: number | undefined;
  /** Of the long run. */
  readonly memory: readonly MemorySample[] | undefined;
  /** Of a run with many accounts. */
  readonly sizes: readonly TableSize[] | undefined;
  readonly endpoints: Partial<Record<Endpoint, Partial<Record<BenchServer['name'], Measurement>>>>;
}

/** A table for the terminal: a line for each server of each endpoint, and how ours compares. */
export function table({ endpoints }: Results): string {
  const head = ['endpoint', 'server', 'req/s', 'p50 ms', 'p99 ms', 'CPU ms', 'Postgres ms', 'compared with ours'];
  const rows = Object.entries(endpoints).flatMap(([endpoint, servers]) =>
    Object.entries(servers).map(([name, m], index) => [
      index === 0 ? endpoint : '',
      name,
      m.perSecond.toFixed(0),
      m.p50.toFixed(1),
      m.p99.toFixed(1),
      `${m.cpu.toFixed(2)} (${Math.min(...m.cpuOfRounds).toFixed(2)}-${Math.max(...m.cpuOfRounds).toFixed(2)})`,
      m.postgres.toFixed(2),
      name === 'ours' ? '' : compared(servers.ours, m),
    ]),
  );
  return aligned([head, ...rows]);
}

/** Lines about the process itself. */
export function life({ beginning, megabytesAfter, memory, bcrypt }: Results): string {
  const lines = [`one bcrypt comparison: ${bcrypt.toFixed(1)} ms of CPU`];
  if (beginning) {
    const { startMs, idleMegabytes } = beginning;
    lines.push(`start: ${startMs.toFixed(0)} ms to the first answer; idle: ${idleMegabytes.toFixed(0)} MB`);
  }
  if (megabytesAfter !== undefined) lines.push(`after these requests: ${megabytesAfter.toFixed(0)} MB`);
  if (memory) {
    const samples = memory.map(({ requests, megabytes }) => `${requests / 1000}k ${megabytes.toFixed(0)}`);
    lines.push(`memory of the long run, MB after so many requests: ${samples.join(', ')}`);
  }
  return lines.join('\n');
}

function compared(ours: Measurement | undefined, other: Measurement): string {
  if (!ours) return '';
  return `CPU ${times(other.cpu, ours.cpu)}, Postgres ${times(other.postgres, ours.postgres)}, req/s ${times(other.perSecond, ours.perSecond)}`;
}

function times(a: number, b: number): string {
  return `${(a / b).toFixed(2)}x`;
}

/** @param rows the first one is the head */
export function aligned(rows: ReadonlyArray<readonly string[]>): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
