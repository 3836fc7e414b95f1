import { TwoFactorException } from '../two-factor.errors.js';

/** Whole seconds after which trying again makes sense. */
const RETRY_AFTER = 2;

/** The server ends the connection with these, or will end it: a client that met one is of no more use. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  '25006', // read_only_sql_transaction: the primary became a standby, and the new primary is elsewhere
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
]);

/** These undo the statement or the transaction; the connection is as good as before. */
const OF_THE_STATEMENT: ReadonlySet<string> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '57014', // query_canceled, by statement_timeout
]);

/**
 * The database cannot be reached, does not answer in time or cannot finish. Clients get 503 with `Retry-After`.
 *
 * The client was promised nothing. Nothing was kept either, with one exception: when the connection broke after COMMIT was
 * sent, the change may be there; no client has the token of a session that it opened.
 *
 * `cause` is the driver's error. Nothing is retried here: a guess must not be taken twice.
 */
export class DatabaseUnavailableError extends TwoFactorException {
  override readonly name = 'DatabaseUnavailableError';

  constructor(cause: unknown) {
    super('SERVICE_UNAVAILABLE', { retryAfter: RETRY_AFTER }, { cause });
  }
}

/** What an error of the server says of it, by its SQLSTATE [PostgreSQL, Appendix A]; undefined for all other errors. */
export function unavailability(error: unknown): 'connection' | 'statement' | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (OF_THE_CONNECTION.has(code) || /^08.{3}$/.test(code)) return 'connection';
  return OF_THE_STATEMENT.has(code) ? 'statement' : undefined;
}

/** Of an error the name, the code and the message; not its details, which may quote values. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error ? ` ${String(error.code)}` : '';
  return `${error.name}${code}: ${error.message}`;
}
