import { Client } from 'pg';

/** A value of a row. */
export interface DumpedValue {
  /** `schema.table.column` */
  readonly column: string;
  readonly type: string;
  /** The value as text; binary values in hex. */
  readonly text: string;
  /** The bytes of every `bytea` in the value. */
  readonly bytes: readonly Buffer[];
}

const COLUMNS = `
  SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
    array_agg(a.attname::text) AS columns, array_agg(format_type(a.atttypid, a.atttypmod)) AS types
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg\\_%'
  GROUP BY 1`;

interface TableRow {
  readonly table: string;
  readonly columns: string[];
  readonly types: string[];
}

/** Reads every value of every table of every schema of a database. */
export async function dumpDatabase(url: string): Promise<DumpedValue[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<TableRow>(COLUMNS);
    if (tables.length === 0) return [];
    const everything = tables.map(
      ({ table }) => `SELECT '${table.replaceAll("'", "''")}' AS "table", to_json(t)::text AS row FROM ${table} t`,
    );
    const { rows } = await client.query<{ table: string; row: string }>(everything.join(' UNION ALL '));
    const known = new Map(tables.map((table) => [table.table, table]));
    return rows.flatMap(({ table, row }) => valuesOf(row, known.get(table)));
  } finally {
    await client.end();
  }
}

function valuesOf(row: string, table: TableRow | undefined): DumpedValue[] {
  if (!table) throw new Error('A row of no table');
  return Object.entries(JSON.parse(row) as Record<string, unknown>).flatMap(([name, value]) => {
    if (value === null) return [];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const bytes = Array.from(text.matchAll(/\\x((?:[0-9a-f]{2})+)/g), ([, hex = '']) => Buffer.from(hex, 'hex'));
    const type = table.types[table.columns.indexOf(name)] ?? 'unknown';
    return { column: `${table.table}.${name}`, type, text, bytes };
  });
}
