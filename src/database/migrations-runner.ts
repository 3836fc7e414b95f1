import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import { StartupError } from '../config/startup-error.js';
import { errorMessage } from '../errors.js';
import { connect } from './connect.js';
import { dataSourceOptions, MIGRATIONS_TABLE } from './data-source-options.js';

/** Held while migrations run; the number is arbitrary but ours. */
const MIGRATION_LOCK = 7_260_239;

/**
 * How long a migration waits for a table lock. Every statement on the table queues behind a waiting `ALTER TABLE`, so without a
 * limit one long transaction stops all sign-ins. Shorter than the time-out of statements of the service: they wait and succeed.
 */
const LOCK_TIMEOUT_MS = 2000;

/**
 * Runs all pending migrations, each in a transaction of its own. Of several processes that start at once one migrates and
 * the others wait for it.
 *
 * @returns the names of those that were run, oldest first
 * @throws {StartupError} when the database is unreachable or too old, or a migration fails
 */
export async function runMigrations(url: string): Promise<string[]> {
  const client = await connect(url, 'two-factor migrations');
  try {
    // The role may have time-outs, because PgBouncer drops those that the service sends. The wait for another process has none.
    await client.query('SET statement_timeout = 0; SET lock_timeout = 0');
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await migrate(url);
  } finally {
    // The lock ends with its connection, also if this process is killed.
    await release(client);
  }
}

/**
 * Checks that no migration is pending, for processes that must not migrate: the advisory lock of `runMigrations` belongs to a
 * session, and a pooler in transaction mode gives every transaction another session.
 *
 * @throws {StartupError} when the database is unreachable, or a migration is pending
 */
export async function requireMigrated(url: string): Promise<void> {
  const options = dataSourceOptions(url);
  const expected = (options.migrations as ReadonlyArray<{ readonly name: string }>).map(({ name }) => name);
  const client = await connect(url, 'two-factor');
  try {
    const { rows } = await client.query<{ present: boolean }>('SELECT to_regclass($1) IS NOT NULL AS present', [
      MIGRATIONS_TABLE,
    ]);
    const { rows: done } = rows[0]?.present
      ? await client.query<{ name: string }>(`SELECT name FROM ${MIGRATIONS_TABLE}`)
      : { rows: [] };
    const pending = expected.filter((name) => !done.some((migration) => migration.name === name));
    if (pending.length === 0) return;
    throw new StartupError(
      `MIGRATIONS=off and the database is not migrated (pending: ${pending.join(', ')}): run dist/database/migrate.js first`,
    );
  } finally {
    await release(client);
  }
}

async function migrate(url: string): Promise<string[]> {
  const options = dataSourceOptions(url, { applicationName: 'two-factor migrations', poolSize: 1 });
  const extra = { ...(options.extra as object), lock_timeout: LOCK_TIMEOUT_MS, statement_timeout: 0 };
  const dataSource = await new DataSource({ ...options, extra, entities: [] }).initialize();
  try {
    const migrations = await dataSource.runMigrations({ transaction: 'each' });
    return migrations.map(({ name }) => name);
  } catch (error) {
    throw new StartupError(`A migration failed: ${errorMessage(error)}`, { cause: error });
  } finally {
    await dataSource.destroy();
  }
}

async function release(client: Client): Promise<void> {
  await client.end().catch(() => undefined);
}
