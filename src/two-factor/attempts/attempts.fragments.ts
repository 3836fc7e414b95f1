import { FAILURES_PER_LOCK, LONGEST_LOCK_SECONDS } from './lock-schedule.js';
import { ACCOUNT_SCOPE, deviceScope } from './scope.js';

/*
 * The SQL of the table `two_factor_attempts`, for statements of other folders. Rows are locked in the order challenge,
 * attempts (the account's scope first), factor, trusted device, in every statement and transaction, so that no two wait for
 * each other.
 */

/** In a transaction now() is the time of its BEGIN. What is written last must be true at its own time. */
export const STATEMENT_TIME = 'statement_timestamp()';

/** Seconds left of a lock; subtracting from infinity is an error before Postgres 17. */
export const LOCKED_FOR = `CASE
  WHEN locked_until = 'infinity' THEN ${LONGEST_LOCK_SECONDS}
  WHEN locked_until > now() THEN ceil(extract(epoch FROM locked_until - now()))::integer
END`;

/** A SELECT of the counters of `who(account_id, scope)`. `lock` takes the row until the transaction ends. */
export function countersOfWho({ lock }: { readonly lock: boolean }): string {
  return `SELECT b.account_id, b.failures, b.locks, b.locked_until
    FROM two_factor_attempts b JOIN who ON b.account_id = who.account_id AND b.scope = who.scope
    ${lock ? 'FOR NO KEY UPDATE OF b' : ''}`;
}

/** CASE branches for the verdict on counters `b`: a lock, or no guess left before the next one. */
export const REFUSING_COUNTERS = `
  WHEN b.locked_until > now() THEN 'locked'
  WHEN b.failures >= ${FAILURES_PER_LOCK} * (b.locks + 1) THEN 'in-flight'`;

/** An UPDATE that counts a guess of `asked(account_id, scope, verdict)`. */
export const COUNT_GUESS = `UPDATE two_factor_attempts b SET failures = b.failures + 1, last_guess_at = now()
  FROM asked WHERE b.account_id = asked.account_id AND b.scope = asked.scope AND asked.verdict = 'taken'`;

/**
 * Common table expressions that look at the lock again and clear the failures of `burnt(account_id, scope)`. They end in
 * `cleared(account_id)`, which has no row when the scope is locked.
 *
 * The scope's own lock counts and no other. Success clears the scope and the account's, because only the owner can have
 * succeeded: a lock that strangers caused ends. It leaves the scopes of other devices alone: otherwise a thief with a stolen
 * device could guess on after each of the owner's sign-ins.
 */
export function clearFailures({ lockable }: { readonly lockable: boolean }): string {
  return `
    scopes AS MATERIALIZED (
      SELECT b.account_id, b.scope, b.locked_until, b.scope = burnt.scope AS own
      FROM two_factor_attempts b JOIN burnt
        ON b.account_id = burnt.account_id AND b.scope IN ('${ACCOUNT_SCOPE}', burnt.scope)
      ORDER BY b.scope
      FOR NO KEY UPDATE OF b
    ),
    reset AS (
      UPDATE two_factor_attempts b SET failures = 0, locks = 0, locked_until = NULL
      FROM scopes WHERE b.account_id = scopes.account_id AND b.scope = scopes.scope
        AND EXISTS (
          SELECT FROM scopes l WHERE l.own ${lockable ? `AND (l.locked_until IS NULL OR l.locked_until <= ${STATEMENT_TIME})` : ''}
        )
      RETURNING b.account_id
    ),
    cleared AS (SELECT DISTINCT account_id FROM reset)`;
}

/**
 * A SELECT that holds the account's counters until the transaction ends: nothing verifies meanwhile.
 *
 * @param lock the strength, and after which common table expression: `FOR UPDATE`
 * @param condition further SQL condition
 */
export function holdAccount(account: string, lock: string, condition = 'true'): string {
  return `SELECT b.account_id FROM two_factor_attempts b
    WHERE b.account_id = ${account} AND b.scope = '${ACCOUNT_SCOPE}' AND ${condition} ${lock}`;
}

/** An INSERT of the account's counters, for each row of `from`. */
export function openAccountScope(account: string, from: string): string {
  return `INSERT INTO two_factor_attempts (account_id) SELECT ${account} FROM ${from} ON CONFLICT (account_id, scope) DO NOTHING`;
}

/** An INSERT of the counters of the devices in `from(id, account_id)`. */
export function openDeviceScope(from: string): string {
  return `INSERT INTO two_factor_attempts (account_id, scope) SELECT account_id, ${deviceScope('id')} FROM ${from}`;
}

/** A DELETE of the counters of the devices in `from(id)`. */
export function dropDeviceScopes(account: string, from: string): string {
  return `DELETE FROM two_factor_attempts b USING ${from} d
    WHERE b.account_id = ${account} AND b.scope = ${deviceScope('d.id')} RETURNING b.scope`;
}

/** SQL expression for the scope of a device's counters, NULL when it has none. */
export function scopeOfDevice(account: string, deviceId: string, condition: string): string {
  return `(SELECT s.scope FROM two_factor_attempts s
    WHERE s.account_id = ${account} AND s.scope = ${deviceScope(deviceId)} AND ${condition})`;
}

/** SQL expression for the seconds left of a lock. */
export function lockedFor(account: string, scope: string): string {
  return `(SELECT ${LOCKED_FOR} FROM two_factor_attempts WHERE account_id = ${account} AND scope = ${scope})`;
}
