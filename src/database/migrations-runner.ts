import { Pool, type Client } from 'pg';
import { DataSource } from 'typeorm';
import { StartupError } from '../config/startup-error.js';
import { errorMessage } from '../errors.js';
import { installQueue } from '../delivery/outbox/queue-schema.js';
import { connect } from './connect.js';
import { dataSourceOptions } from './data-source-options.js';

/** Held while migrations run; the number is arbitrary but ours. */
const MIGRATION_LOCK = 7_260_239;

/**
 * Runs all pending migrations, each in a transaction of its own, then those of the outbox's queue, which has a schema of
 * its own. Of several processes that start at once one migrates and the others wait for it.
 *
 * @returns the names of those that were run, oldest first
 * @throws {StartupError} when the database is unreachable or too old, or a migration fails
 */
export async function runMigrations(url: string): Promise<string[]> {
  const client = await connect(url, 'two-factor migrations');
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const names = await migrate(url);
    await migrateQueue(url);
    return names;
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

async function migrateQueue(url: string): Promise<void> {
  const pool = new Pool({ connectionString: url, application_name: 'two-factor migrations', max: 1 });
  try {
    await installQueue(pool);
  } catch (error) {
    throw new StartupError(`The outbox's queue could not be installed: ${errorMessage(error)}`, { cause: error });
  } finally {
    await pool.end();
  }
}

async function release(client: Client): Promise<void> {
  await client.end().catch(() => undefined);
}
