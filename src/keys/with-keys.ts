import { DataSource } from 'typeorm';
import type { Environment } from '../config/environment.js';
import { loadKeyConfig } from '../config/load-config.js';
import { StartupError } from '../config/startup-error.js';
import { commandDatabase } from '../database/command-database.js';
import { connect } from '../database/connect.js';
import { dataSourceOptions } from '../database/data-source-options.js';
import { Database, HkdfKeyRing, keyRotation, type KeyRotation } from '../two-factor/index.js';
import { explainKeyRing } from './explain-key-ring.js';

const APPLICATION = 'two-factor keys';

/**
 * Runs a command on the database and the key ring of the service. The service may be running or stopped.
 *
 * @throws {StartupError} for a bad environment, or a database that cannot be reached or is not migrated
 */
export async function withKeys(env: Environment, work: (keys: KeyRotation) => Promise<number>): Promise<number> {
  const config = await loadKeyConfig(env);
  const database = await commandDatabase(config, console.error);
  try {
    await requireMigrated(database.url);
    const options = dataSourceOptions(database.url, { applicationName: APPLICATION, poolSize: 1 });
    const dataSource = await new DataSource({ ...options, entities: [], migrations: [] }).initialize();
    try {
      return await work(keyRotation(new Database(dataSource), new HkdfKeyRing(config.keys)));
    } catch (error) {
      throw explainKeyRing(error, config);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await database.release();
  }
}

async function requireMigrated(url: string): Promise<void> {
  const client = await connect(url, APPLICATION);
  try {
    const { rowCount } = await client.query(
      `SELECT FROM pg_attribute WHERE attrelid = to_regclass('two_factor_key') AND attname = 'live_kid'`,
    );
    if (rowCount === 0) throw new StartupError('The database is not migrated: start the service or run migrate first');
  } finally {
    await client.end();
  }
}
