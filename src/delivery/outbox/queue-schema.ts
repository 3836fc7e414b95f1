import type { Pool } from 'pg';
import { graphileLogger } from './graphile-logger.js';

/** Name of the jobs, also written in the migration that makes `two_factor_enqueue`. */
export const MESSAGE_TASK = 'two-factor-message';

/** Where graphile-worker keeps its tables, also written in that migration. */
export const QUEUE_SCHEMA = 'graphile_worker';

/** Installs graphile-worker's schema, or brings it up to date. Its own migrations make that safe to repeat. */
export async function installQueue(pool: Pool): Promise<void> {
  const { runMigrations } = await import('graphile-worker');
  await runMigrations({ pgPool: pool, schema: QUEUE_SCHEMA, logger: await graphileLogger() });
}
