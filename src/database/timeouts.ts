import type { DatabaseLimits } from '../two-factor/index.js';

/** All that limits the time which requests spend with the database. In milliseconds. */
export interface DatabaseTimeouts {
  /** What the server is told when a connection is opened, under the names that it has for them. */
  readonly server: {
    readonly statement_timeout: number;
    readonly lock_timeout: number;
    readonly idle_in_transaction_session_timeout: number;
  };
  /** For a server, or a network, that says nothing at all. */
  readonly limits: Pick<DatabaseLimits, 'connectionTimeoutMs' | 'answerTimeoutMs'>;
  /** For a request with all its statements. */
  readonly requestMs: number;
}

/**
 * One figure for the operator, the others follow from it: waiting for a lock ends before the statement does, and the
 * server speaks before we stop listening.
 *
 * @param statementMs how long one statement may take
 */
export function databaseTimeouts(statementMs: number): DatabaseTimeouts {
  const short = Math.ceil(statementMs * 0.6);
  const long = statementMs * 2;
  return {
    server: { statement_timeout: statementMs, lock_timeout: short, idle_in_transaction_session_timeout: long },
    limits: { connectionTimeoutMs: short, answerTimeoutMs: Math.ceil(statementMs * 1.2) },
    requestMs: long,
  };
}
