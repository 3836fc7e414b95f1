import { Logger } from '@nestjs/common';
import type { Logger as GraphileLogger } from 'graphile-worker';

/**
 * Passes errors and warnings of graphile-worker on to Nest's log, without the jobs that it attaches. How each job went is
 * for whoever runs it to say, and a pool smaller than the number of jobs at a time is meant to be so.
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
