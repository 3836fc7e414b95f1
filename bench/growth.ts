import type { Pool } from 'pg';
import type { BenchServer, Endpoint } from './endpoints.js';
import type { Measurement } from './measure.js';
import { aligned } from './report.js';

/** What the tables of one database take. */
export interface TableSize {
  readonly table: string;
  readonly rows: number;
  /** With indexes. */
  readonly bytes: number;
}

/** Sizes of all tables of the service with rows, largest first. */
export async function tableSizes(database: Pool): Promise<TableSize[]> {
  const { rows } = await database.query<{ table: string; rows: string; bytes: string }>(
    `SELECT relname AS table, greatest(reltuples, 0)::bigint AS rows, pg_total_relation_size(oid) AS bytes
     FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples > 0
     ORDER BY pg_total_relation_size(oid) DESC`,
  );
  return rows.map(({ table, rows: count, bytes }) => ({ table, rows: Number(count), bytes: Number(bytes) }));
}

/** A table for the terminal: each endpoint with few accounts and with many. */
export function growthTable(
  endpoints: Partial<Record<Endpoint, Partial<Record<BenchServer['name'], Measurement>>>>,
  accounts: number,
): string {
  const head = [
    'endpoint',
    'CPU ms at 1,000',
    `at ${accounts}`,
    'ratio',
    'p50 ms at 1,000',
    `at ${accounts}`,
    'ratio',
    'Postgres ratio',
  ];
  const rows = Object.entries(endpoints).flatMap(([endpoint, { small, ours }]) => {
    if (!small || !ours) return [];
    return [
      [
        endpoint,
        ...pair(small.cpu, ours.cpu),
        ...pair(small.p50, ours.p50),
        `${(ours.postgres / small.postgres).toFixed(2)}x`,
      ],
    ];
  });
  return aligned([head, ...rows]);
}

function pair(few: number, many: number): string[] {
  return [few.toFixed(2), many.toFixed(2), `${(many / few).toFixed(2)}x`];
}

/** A table for the terminal: what an account takes, and a million of them. */
export function sizesTable(sizes: readonly TableSize[], accounts: number): string {
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const line = (name: string, rows: string, bytes: number) => [
    name,
    rows,
    (bytes / 2 ** 20).toFixed(1),
    (bytes / accounts).toFixed(0),
  ];
  return aligned([
    ['table', 'rows', 'MB', 'bytes an account'],
    ...sizes.map(({ table, rows, bytes }) => line(table, String(rows), bytes)),
    line('all', '', total),
  ]);
}
