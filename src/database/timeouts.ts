import type { DatabaseLimits } from '../two-factor/index.js';

/** Limits of the time that requests spend on the database, in milliseconds. */
export interface DatabaseTimeouts {
  /** Server parameters of each connection, under Postgres's names. */
  readonly server: {
    readonly statement_timeout: number;
    readonly lock_timeout: number;
    readonly idle_in_transaction_session_timeout: number;
  };
  /** Limit for a server or a network that does not answer at all. */
  readonly limits: Pick<DatabaseLimits, 'connectionTimeoutMs' | 'answerTimeoutMs'>;
  /** Limit for a request with all its statements. */
  readonly requestMs: number;
}

/**
 * Derives all limits from one number: waiting for a lock ends before the statement does, and the server reports its
 * time-out before the client gives up.
 *
 * @param statementMs limit of one statement
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
