import type { BenchServer, Endpoint } from './endpoints.js';
import type { Measurement } from './measure.js';

/** All that a run found, as `--json` writes it. */
export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly requests: number;
  readonly rounds: number;
  readonly accounts: number;
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

function compared(ours: Measurement | undefined, other: Measurement): string {
  if (!ours) return '';
  const times = (a: number, b: number) => `${(a / b).toFixed(2)}x`;
  return `CPU ${times(other.cpu, ours.cpu)}, Postgres ${times(other.postgres, ours.postgres)}, req/s ${times(other.perSecond, ours.perSecond)}`;
}

function aligned(rows: ReadonlyArray<readonly string[]>): string {
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
