import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions, MIGRATIONS_TABLE } from '../../src/database/data-source-options.js';
import { requireMigrated, runMigrations } from '../../src/database/migrations-runner.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { inTurns } from '../support/turns.js';

describe('migrations', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase({ migrated: false });
  });

  afterEach(async () => {
    await database.drop();
  });

  it('create exactly the tables that the entities describe', async () => {
    await runMigrations(database.url);
    const dataSource = await new DataSource(dataSourceOptions(database.url)).initialize();
    const createQueryRunner = dataSource.createQueryRunner.bind(dataSource);
    // TypeORM reads the tables with parallel queries on one connection, and pg prints a warning about that.
    dataSource.createQueryRunner = (mode) => {
      const runner = createQueryRunner(mode);
      return Object.assign(runner, { query: inTurns(runner.query.bind(runner)) });
    };
    try {
      const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
      expect(upQueries.map(({ query }) => query)).toEqual([]);
    } finally {
      await dataSource.destroy();
    }
  });

  it('give up when a long transaction holds a table, instead of letting all statements queue behind them', async () => {
    await runMigrations(database.url);
    const dataSource = await new DataSource(dataSourceOptions(database.url)).initialize();
    try {
      // The newest migration is pending again.
      await dataSource.undoLastMigration({ transaction: 'each' });
    } finally {
      await dataSource.destroy();
    }
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      const { rows: tables } = await holder.query<{ tables: string }>(
        `SELECT string_agg(quote_ident(tablename), ', ') AS tables FROM pg_tables
         WHERE schemaname = 'public' AND tablename <> '${MIGRATIONS_TABLE}'`,
      );
      // What a transaction holds that has written to the tables.
      await holder.query(`LOCK TABLE ${tables[0]?.tables} IN ROW EXCLUSIVE MODE`);
      await expect(runMigrations(database.url)).rejects.toThrow(/^A migration failed: .*lock timeout/);
      await holder.query('ROLLBACK');
    } finally {
      await holder.end();
    }
    expect(await runMigrations(database.url)).toHaveLength(1);
  });

  it('are missed by a start that must not migrate, which names them', async () => {
    await expect(requireMigrated(database.url)).rejects.toThrow(/^MIGRATIONS=off and .* \(pending: CreateTwoFactor/);
    await runMigrations(database.url);
    await requireMigrated(database.url);
  });

  it('have distinct names in chronological order', () => {
    const { migrations } = dataSourceOptions(database.url);
    const times = Object.values(migrations ?? {}).map((migration) => Number(/\d{13}$/.exec(nameOf(migration))?.[0]));
    expect(times.length).toBeGreaterThan(0);
    expect(new Set(times).size).toBe(times.length);
    expect(times).not.toContain(Number.NaN);
  });

  it('run up, down to their own table only, and up again', async () => {
    const first = await runMigrations(database.url);
    const schema = await describeSchema(database.url);

    const dataSource = await new DataSource(dataSourceOptions(database.url)).initialize();
    try {
      for (const _ of first) await dataSource.undoLastMigration({ transaction: 'each' });
    } finally {
      await dataSource.destroy();
    }
    expect(await leftovers(database.url)).toEqual([]);

    expect(await runMigrations(database.url)).toEqual(first);
    expect(await describeSchema(database.url)).toEqual(schema);
  });

  it('run once when several replicas start at the same time', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, () => runMigrations(database.url)));
    const [winner, ...others] = runs.toSorted((a, b) => b.length - a.length);
    expect(winner?.length).toBeGreaterThan(0);
    expect(others.flat()).toEqual([]);
  });

  it('report a database that is not reachable in one line, without the password', async () => {
    const url = new URL(database.url);
    url.pathname = '/missing';
    const failure = await runMigrations(url.href).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'StartupError', message: expect.stringContaining('/missing') });
    expect(String(failure)).not.toContain(url.password);
  });
});

function nameOf(migration: unknown): string {
  return typeof migration === 'function' ? migration.name : String(migration);
}

/** @returns tables, columns, indexes and constraints from Postgres' catalogs */
async function describeSchema(url: string): Promise<unknown[]> {
  return rows(
    url,
    `SELECT table_name || '.' || column_name AS name, data_type || is_nullable || coalesce(column_default, '') AS definition
       FROM information_schema.columns WHERE table_schema = 'public'
     UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     ORDER BY 1, 2`,
  );
}

/** @returns what a revert may leave behind: tables, sequences, types, functions, extensions and schemas */
async function leftovers(url: string): Promise<unknown[]> {
  return rows(
    url,
    `SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S', 'p') AND relname NOT LIKE '${MIGRATIONS_TABLE}%'
     UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
     UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
     UNION ALL SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'
     UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|public$)'`,
  );
}

async function rows(url: string, query: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<object>(query)).rows;
  } finally {
    await client.end();
  }
}
