import type { DatabaseConfig } from '../config/service-config.js';
import { commandDatabase } from './command-database.js';
import { connect } from './connect.js';
import { findCluster } from './embedded/cluster.js';

/** Omits `retired_at` if the last migrations have not run. */
const IN_USE = `SELECT kid FROM two_factor_key k WHERE to_jsonb(k) ->> 'retired_at' IS NULL ORDER BY kid`;

/**
 * The names of the keys that stored secrets may need; none for a database that is not there yet or not migrated.
 *
 * @throws {StartupError} when the database cannot be reached
 */
export async function keysInUse(config: DatabaseConfig): Promise<string[]> {
  // Does not start an embedded server without a cluster: a new database holds no secrets.
  if (config.databaseUrl === undefined && (await findCluster(config.dataDir)) === undefined) return [];
  const database = await commandDatabase(config, () => undefined);
  try {
    const client = await connect(database.url, 'two-factor start');
    try {
      const { rows: found } = await client.query(`SELECT WHERE to_regclass('two_factor_key') IS NOT NULL`);
      if (found.length === 0) return [];
      const { rows } = await client.query<{ kid: string }>(IN_USE);
      return rows.map(({ kid }) => kid);
    } finally {
      await client.end();
    }
  } finally {
    await database.release();
  }
}
