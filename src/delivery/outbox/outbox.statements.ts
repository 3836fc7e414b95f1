import { QUEUE_SCHEMA, TASKS } from './queue-schema.js';

/*
 * Functions that graphile-worker has no method for. They use only its public functions and its view, because its tables
 * change with its versions.
 */

const OURS = `task_identifier IN (${Object.values(TASKS)
  .flat()
  .map((task) => `'${task}'`)
  .join(', ')})`;

/** $1: milliseconds. Releases messages whose process was killed or lost its database. */
export const UNLOCK_ABANDONED = `
  SELECT ${QUEUE_SCHEMA}.force_unlock_workers(array_agg(DISTINCT locked_by))
    FROM ${QUEUE_SCHEMA}.jobs
   WHERE ${OURS} AND locked_at < now() - $1 * interval '1 millisecond'
  HAVING count(*) > 0`;

/** Removes messages without attempts left. Only a message that crashes every process gets there. */
export const REMOVE_HOPELESS = `
  SELECT ${QUEUE_SCHEMA}.complete_jobs(array_agg(id))
    FROM ${QUEUE_SCHEMA}.jobs
   WHERE ${OURS} AND attempts >= max_attempts AND locked_at IS NULL
  HAVING count(*) > 0`;

/**
 * $1: job, $2: milliseconds until it is tried again. New messages of its queue go before it; its attempts never run out, because it
 * ends by its time, and while they are few graphile-worker's own delay is short, should this statement not be reached.
 */
export const RETRY_LATER = `
  SELECT ${QUEUE_SCHEMA}.reschedule_jobs(
    ARRAY[$1::bigint], run_at => now() + $2 * interval '1 millisecond', priority => 1, attempts => 1)`;

/** How many messages wait, how many of them failed before, and for how many seconds the oldest is overdue. */
export const QUEUE_STATE = `
  SELECT count(*)::int AS waiting,
         count(*) FILTER (WHERE last_error IS NOT NULL)::int AS retrying,
         coalesce(max(extract(epoch FROM now() - created_at)), 0)::float8 AS "oldestSeconds"
    FROM ${QUEUE_SCHEMA}.jobs
   WHERE ${OURS}`;
