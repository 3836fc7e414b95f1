import type { Pool } from 'pg';
import type { MessageQueue } from '../../two-factor/index.js';
import { graphileLogger } from './graphile-logger.js';

/**
 * Names of the jobs of each queue, also written in the migration that makes `two_factor_enqueue`. A program before that
 * migration gave all jobs the last name of the first queue.
 */
export const TASKS: Readonly<Record<MessageQueue, readonly string[]>> = {
  'mail-code': ['two-factor-mail-code', 'two-factor-message'],
  'sms-code': ['two-factor-sms-code'],
  notice: ['two-factor-notice'],
};

/** Where graphile-worker keeps its tables, also written in that migration. */
export const QUEUE_SCHEMA = 'graphile_worker';

/** Installs graphile-worker's schema, or brings it up to date. Its own migrations make that safe to repeat. */
export async function installQueue(pool: Pool): Promise<void> {
  const { runMigrations } = await import('graphile-worker');
  await runMigrations({ pgPool: pool, schema: QUEUE_SCHEMA, logger: await graphileLogger() });
}
