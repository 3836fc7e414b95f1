import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import { StartupError } from '../config/startup-error.js';
import { errorMessage } from '../errors.js';
import { connect } from './connect.js';
import { dataSourceOptions } from './data-source-options.js';

/** Held while migrations run; the number is arbitrary but ours. */
const MIGRATION_LOCK = 7_260_239;

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
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await migrate(url);
  } finally {
    // The lock ends with its connection, also if this process is killed.
    await release(client);
  }
}

async function migrate(url: string): Promise<string[]> {
  const options = dataSourceOptions(url, { applicationName: 'two-factor migrations', poolSize: 1 });
  const dataSource = await new DataSource({ ...options, entities: [] }).initialize();
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
