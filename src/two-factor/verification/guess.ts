import { COUNT_GUESS, countersOfWho, LOCKED_FOR, REFUSING_COUNTERS } from '../attempts/attempts.fragments.js';
import { WHO, whoAlone, type CallerStatements } from '../challenge/caller.statements.js';
import { COUNT_CHALLENGE_GUESS } from '../challenge/challenge.statements.js';
import type { MatchContext } from '../factor/factor.js';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import type { SignInContext } from '../ports/session-gateway.js';
import { statement } from '../postgres/statement.js';

/**
 * What came of asking for a guess:
 * - `taken`: the attempt may be looked at; the guess counts whatever happens next
 * - `not-enabled`: the account lacks this factor; nothing counted
 * - `locked`: verification is locked in this scope; nothing counted
 * - `in-flight`: guesses that are being evaluated right now hold the rest of the scope's budget; nothing counted
 * - `unknown`: the caller has no credential, and the attempt names no account; nothing counted
 * - `exhausted`: the challenge's budget is used up; said once, then the challenge is `dead`
 */
export type Verdict = 'taken' | 'not-enabled' | 'unknown' | 'locked' | 'in-flight' | 'exhausted' | 'dead';

/** A guess asked for, and all that checking the attempt needs. */
export interface Guess<Candidates = unknown> extends MatchContext<Candidates> {
  readonly verdict: Verdict;
  /** Which of the account's counters it was taken from; see `attempts/scope.ts`. */
  readonly scope: string;
  readonly context: SignInContext;
  /** The scope's counters before this guess. */
  readonly failures: number;
  readonly locks: number;
  /** Seconds until the lock ends. */
  readonly lockedFor: number | null;
}

/**
 * The one place that counts guesses. One statement takes a guess from the budgets of challenge and scope before the attempt
 * is looked at, and brings back what the check needs: a crash afterwards costs a guess, never gives one. No row: the
 * challenge is dead.
 *
 * Taking a guess imposes no lock: of parallel right codes one must win.
 */
export function guessStatements(plugin: FactorPlugin): CallerStatements<Guess, Readonly<Record<string, unknown>>> {
  const { name, candidates, consume, alone, lockable } = plugin;
  const text = (who: string) => `
    WITH who AS MATERIALIZED (${who}),
    ${consume ? `${consume},` : ''}
    budget AS MATERIALIZED (
      ${countersOfWho({ lock: lockable })}
    ),
    asked AS MATERIALIZED (
      SELECT who.*, p.candidates, b.failures, b.locks, ${LOCKED_FOR} AS locked_for,
        CASE
          WHEN who.guesses > who.allowed THEN 'dead'
          WHEN p.candidates IS NULL THEN 'not-enabled'
          WHEN who.account_id IS NULL THEN 'unknown'
          WHEN b.account_id IS NULL THEN 'not-enabled'
          ${lockable ? REFUSING_COUNTERS : ''}
          WHEN who.guesses = who.allowed THEN 'exhausted'
          ELSE 'taken'
        END AS verdict
      FROM who LEFT JOIN budget b ON true CROSS JOIN LATERAL (SELECT ${candidates} AS candidates) p
    ),
    counted_on_challenge AS (
      ${COUNT_CHALLENGE_GUESS}
    )
    ${lockable ? `, counted_on_account AS (${COUNT_GUESS})` : ''}
    SELECT verdict, account_id AS "accountId", scope, challenge_id AS "challengeId", session_id AS "sessionId", context,
      candidates, failures, locks, locked_for AS "lockedFor"
    FROM asked`;
  const id = name.replaceAll('-', '_');
  return {
    onChallenge: statement(`guess_${id}_on_challenge`, text(`${WHO.onChallenge} FOR UPDATE`)),
    onSession: statement(`guess_${id}_on_session`, text(WHO.onSession)),
    ...(alone !== undefined && { alone: statement(`guess_${id}_alone`, text(whoAlone(alone))) }),
  };
}
