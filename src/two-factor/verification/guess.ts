import { isOn } from '../factor/is-on.js';
import { statement, type Statement } from '../postgres/statement.js';
import type { SignInContext } from '../ports/session-gateway.js';
import { ACCOUNT_SCOPE, sessionScope } from '../attempts/scope.js';
import { FAILURES_PER_LOCK, LONGEST_LOCK_SECONDS } from '../attempts/lock-schedule.js';

/**
 * What came of asking for a guess:
 * - `taken`: the code may be looked at; the guess counts whatever happens next
 * - `not-enabled`: the account lacks this factor; nothing counted
 * - `locked`: the scope's verification is locked; nothing counted
 * - `in-flight`: guesses being evaluated right now hold the rest of the scope's budget; nothing counted
 * - `exhausted`: the challenge's budget is used up; said once, then the challenge is `dead`
 */
export type Verdict = 'taken' | 'not-enabled' | 'locked' | 'in-flight' | 'exhausted' | 'dead';

/** A guess asked for, and all that checking the code needs. */
export interface Guess<Proof> {
  readonly verdict: Verdict;
  readonly accountId: string;
  /** Which of the account's counters it was taken from; see `scope.ts`. */
  readonly scope: string;
  /** Null on a session. */
  readonly challengeId: string | null;
  /** Null on a challenge. */
  readonly sessionId: string | null;
  readonly context: SignInContext;
  /** What the code is held against; null when not enabled. */
  readonly proof: Proof;
  /** The scope's counters before this guess. */
  readonly failures: number;
  readonly locks: number;
  /** Seconds until the lock ends. */
  readonly lockedFor: number | null;
}

/** One act, on either kind of caller. */
export interface StatementPair {
  readonly onChallenge: Statement;
  readonly onSession: Statement;
}

/** Seconds left of a lock; subtracting from infinity is an error before Postgres 17. */
export const LOCKED_FOR = `CASE
  WHEN locked_until = 'infinity' THEN ${LONGEST_LOCK_SECONDS}
  WHEN locked_until > now() THEN ceil(extract(epoch FROM locked_until - now()))::integer
END`;

const WHO = {
  onChallenge: `
    SELECT id AS challenge_id, account_id, guesses, context, NULL::text AS session_id, $2::integer AS allowed,
      '${ACCOUNT_SCOPE}' AS scope
    FROM two_factor_challenge
    WHERE token_hash = $1 AND expires_at > now()
    FOR UPDATE`,
  onSession: `
    SELECT NULL::uuid AS challenge_id, $1::text AS account_id, 0 AS guesses, '{}'::jsonb AS context,
      $2::text AS session_id, 1 AS allowed, ${sessionScope('$1', '$3::text')} AS scope`,
};

/**
 * The one place that counts guesses. One statement takes a guess from the budgets of challenge and scope, before
 * anybody looks at the code, and brings back what the check needs: a crash afterwards costs a guess, never gives one.
 *
 * Rows are locked in the order challenge, attempts (the account's scope first), factor, trusted device, here, in `spend`
 * and wherever else, so that no two statements or transactions wait for each other. Taking a guess imposes no lock: of
 * parallel right codes one must win.
 *
 * Values: `[tokenHash, guesses allowed]` on a challenge, `[accountId, sessionId, id of its trusted device or null]` on a
 * session. No row: no challenge.
 *
 * @param proof SQL expression over `who(account_id, session_id)`, NULL when the account lacks the factor
 * @param lockable whether the account's budget counts; false for codes too long to be guessed
 */
export function guess(factor: string, proof: string, { lockable }: { lockable: boolean }): StatementPair {
  const text = (who: string) => `
    WITH who AS MATERIALIZED (${who}),
    budget AS MATERIALIZED (
      SELECT b.account_id, b.failures, b.locks, b.locked_until
      FROM two_factor_attempts b JOIN who ON b.account_id = who.account_id AND b.scope = who.scope
      ${lockable ? 'FOR NO KEY UPDATE OF b' : ''}
    ),
    asked AS MATERIALIZED (
      SELECT who.*, p.proof, b.failures, b.locks, ${LOCKED_FOR} AS locked_for,
        CASE
          WHEN who.guesses > who.allowed THEN 'dead'
          WHEN p.proof IS NULL OR b.account_id IS NULL THEN 'not-enabled'
          ${
            lockable
              ? `WHEN b.locked_until > now() THEN 'locked'
          WHEN b.failures >= ${FAILURES_PER_LOCK} * (b.locks + 1) THEN 'in-flight'`
              : ''
          }
          WHEN who.guesses = who.allowed THEN 'exhausted'
          ELSE 'taken'
        END AS verdict
      FROM who LEFT JOIN budget b ON true CROSS JOIN LATERAL (SELECT ${proof} AS proof) p
    ),
    counted_on_challenge AS (
      UPDATE two_factor_challenge c SET guesses = c.guesses + 1
      FROM asked WHERE c.id = asked.challenge_id AND asked.verdict IN ('taken', 'exhausted')
    )
    ${
      lockable
        ? `, counted_on_account AS (
      UPDATE two_factor_attempts b SET failures = b.failures + 1, last_guess_at = now()
      FROM asked WHERE b.account_id = asked.account_id AND b.scope = asked.scope AND asked.verdict = 'taken'
    )`
        : ''
    }
    SELECT verdict, account_id AS "accountId", scope, challenge_id AS "challengeId", session_id AS "sessionId", context, proof,
      failures, locks, locked_for AS "lockedFor"
    FROM asked`;
  return {
    onChallenge: statement(`guess_${factor}_on_challenge`, text(WHO.onChallenge)),
    onSession: statement(`guess_${factor}_on_session`, text(WHO.onSession)),
  };
}

/** In a transaction now() is the time of its BEGIN; what is written at last must be true at last. */
export const STATEMENT_TIME = 'statement_timestamp()';

const BURN = {
  onChallenge: `DELETE FROM two_factor_challenge WHERE id = ($1::text[])[1]::uuid AND expires_at > ${STATEMENT_TIME}
    RETURNING account_id, '${ACCOUNT_SCOPE}' AS scope`,
  onSession: `SELECT ($1::text[])[1] AS account_id, ($1::text[])[2] AS scope`,
};

/**
 * SQL, within `spend`, for whether the caller may add a factor: with two-factor on only from a strong session [ASVS 7.5.1].
 * Asked again when it is confirmed, for it may have been staged when nothing was on yet.
 */
export function mayConfirm(account: string): string {
  return `(($1::text[])[3]::boolean OR NOT ${isOn(account)})`;
}

/**
 * One statement that burns the challenge, looks at the lock again, clears the failures and spends the factor, each only
 * if the one before did: whoever comes second gets no row, and must roll back.
 *
 * The scope's own lock counts and no other. Success clears the scope and, for it can only be the owner, the account's: the
 * lock that strangers brought about ends. It leaves the scopes of other devices alone, or whoever sits at a stolen one
 * could guess on after each of the owner's sign-ins.
 *
 * Values: `$1` is `[id of the challenge]` or `[id of the account, scope, whether the session is strong]`, `$2 …` belong to the
 * factor.
 *
 * @param spent SQL statements `name AS (…)` of which the last is called `spent`; they join `cleared(account_id)`
 */
export function spend(factor: string, spent: string, { lockable }: { lockable: boolean }): StatementPair {
  const text = (burn: string) => `
    WITH burnt AS (${burn}),
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
    cleared AS (SELECT DISTINCT account_id FROM reset),
    ${spent}
    SELECT * FROM spent`;
  return {
    onChallenge: statement(`spend_${factor}_on_challenge`, text(BURN.onChallenge)),
    onSession: statement(`spend_${factor}_on_session`, text(BURN.onSession)),
  };
}
