import { Logger } from '@nestjs/common';
import type { Logger as GraphileLogger } from 'graphile-worker';

/**
 * Forwards errors and warnings of graphile-worker to Nest's log, without the attached jobs. Omits job results, which
 * the worker reports itself, and the warning about a pool smaller than the number of concurrent jobs, which is
 * intended.
 */
export async function graphileLogger(): Promise<GraphileLogger> {
  const { Logger: Graphile } = await import('graphile-worker');
  const logger = new Logger('Outbox');
  return new Graphile(() => (level: string, message: string, meta: object = {}) => {
    if ('failure' in meta || 'concurrency' in meta) return;
    if (level === 'error') logger.error(message);
    if (level === 'warning') logger.warn(message);
  });
}
