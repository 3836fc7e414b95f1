import { statement } from '../../two-factor/index.js';

/** A message that this process may send until its lease ends. */
export interface LeasedMessage {
  readonly id: string;
  readonly queue: string;
  readonly payload: string;
  /** End of the lease, as Postgres writes it. It names the lease: another one of the same message ends at another time. */
  readonly lease: string;
  /** Attempts in a row that no process finished, this one included. */
  readonly attempts: number;
  /** Seconds since the message was queued. */
  readonly age: number;
  /** Seconds until it is of no use; negative when it is obsolete. */
  readonly livesFor: number;
}

/** How many messages of each queue to take. The arrays are parallel. */
interface Wanted {
  readonly queues: readonly string[];
  readonly counts: readonly number[];
  /** Duration of the leases, in milliseconds. */
  readonly leaseMs: number;
}

/**
 * Takes messages that are due and that no other process holds: new ones before retried ones, then the oldest.
 *
 * The end of a lease gives the message back, so nothing has to look for messages of processes that were killed. As an array
 * Postgres runs the sub-select once, and finds the rows by their primary key. In a join it could run it again and take more than
 * it was told, and it reads the whole table where many messages wait.
 */
export const CLAIM = statement<LeasedMessage, Wanted>(
  'outbox_claim',
  `UPDATE two_factor_outbox o
   SET locked_until = now() + $leaseMs::float8 * interval '1 millisecond', attempts = o.attempts + 1
   WHERE o.id = ANY (ARRAY(
     SELECT due.id FROM unnest($queues::text[], $counts::integer[]) AS wanted (queue, count)
     CROSS JOIN LATERAL (
       SELECT w.id FROM two_factor_outbox w
       WHERE w.queue = wanted.queue AND w.due_at <= now() AND (w.locked_until IS NULL OR w.locked_until <= now())
       ORDER BY w.due_at, w.id LIMIT wanted.count FOR UPDATE SKIP LOCKED
     ) AS due
   ))
   RETURNING o.id, o.queue, o.payload, o.locked_until::text AS lease, o.attempts,
     extract(epoch FROM now() - o.created_at)::float8 AS age,
     extract(epoch FROM o.discard_after - now())::float8 AS "livesFor"`,
);

/** Removes messages that are done with. */
export const REMOVE = statement<object, { readonly ids: readonly string[] }>(
  'outbox_remove',
  `DELETE FROM two_factor_outbox WHERE id = ANY ($ids::bigint[])`,
);

/** Failed attempts. The arrays are parallel. */
interface Failures {
  readonly ids: readonly string[];
  readonly leases: readonly string[];
  /** Milliseconds until each message is tried again. */
  readonly delays: readonly number[];
  readonly reasons: readonly string[];
}

/**
 * Gives messages back, to be tried again after a delay. Leaves those alone whose lease has ended: another process may be
 * sending them by now.
 */
export const RETRY_LATER = statement<object, Failures>(
  'outbox_retry_later',
  `UPDATE two_factor_outbox o
   SET due_at = now() + failed.delay * interval '1 millisecond', locked_until = NULL, attempts = 0, last_error = failed.reason
   FROM unnest($ids::bigint[], $leases::timestamptz[], $delays::float8[], $reasons::text[])
     AS failed (id, lease, delay, reason)
   WHERE o.id = failed.id AND o.locked_until = failed.lease`,
);

/** How many messages wait, how many of them failed before, and for how many seconds the oldest waits. */
export const QUEUE_STATE = statement<{ waiting: number; retrying: number; oldestSeconds: number }>(
  'outbox_state',
  `SELECT count(*)::int AS waiting,
     count(*) FILTER (WHERE last_error IS NOT NULL)::int AS retrying,
     coalesce(max(extract(epoch FROM now() - created_at)), 0)::float8 AS "oldestSeconds"
   FROM two_factor_outbox`,
);
