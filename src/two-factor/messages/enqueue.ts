import type { MessageQueue, Outbox } from '../ports/outbox.js';

/** A message for `Enqueue`: SQL expressions over the row of `from`. */
export interface MessageSql {
  /** `text`: the payload, which `MessageWriter.compose` made. */
  readonly payload: string;
  /** `timestamptz`: after this time the message is of no use. */
  readonly discardAfter: string;
  /** `text`: a `MessageQueue`. */
  readonly queue: string;
  /** FROM item. A message is queued for each of its rows. */
  readonly from: string;
}

/**
 * The body of a common table expression that queues messages. Read it in the statement, as in
 * `(SELECT count(*) FROM queued)`: Postgres does not run a SELECT that is not read.
 *
 * @example
 * ```ts
 * const queued = enqueue({ payload: '$payload', discardAfter: 'card.expires_at', queue: inQueue('notice'), from: 'card' });
 * statement('renew_card', `WITH card AS (UPDATE … RETURNING expires_at), queued AS (${queued}) SELECT count(*) FROM queued`);
 * ```
 */
export type Enqueue = (message: MessageSql) => string;

/** @returns the name of a queue as an SQL literal */
export function inQueue(queue: MessageQueue): string {
  return `'${queue}'`;
}

/** @param outbox the host's; null for the library's own table */
export function enqueueInto(outbox: Outbox | null): Enqueue {
  if (outbox) {
    return ({ payload, discardAfter, queue, from }) =>
      `SELECT ${outbox.enqueueFunction}((${payload})::text, ${discardAfter}, ${queue}) FROM ${from}`;
  }
  return ({ payload, discardAfter, queue, from }) =>
    `INSERT INTO two_factor_outbox (payload, discard_after, queue)
     SELECT (${payload})::text, ${discardAfter}, ${queue} FROM ${from} RETURNING id`;
}
