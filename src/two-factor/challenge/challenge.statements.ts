import { holdAccount } from '../attempts/attempts.fragments.js';
import type { FactorRegistry } from '../factor/factor-registry.js';
import type { FactorFacts } from '../factor/factors.js';
import type { SignInContext } from '../ports/session-gateway.js';
import { prune } from '../postgres/prune.js';
import { after, statement, type Statement } from '../postgres/statement.js';
import { recognise, type PresentedDevice } from '../trusted-devices/trusted-devices.fragments.js';
import { WHO, type CallerStatements } from './caller.statements.js';

/** What came of a right first factor. */
export interface Opening {
  /** Whether the account has two-factor on. */
  readonly on: boolean;
  readonly facts: FactorFacts;
  /** The trusted device that makes the second factor unnecessary. */
  readonly deviceId: string | null;
  /** Whether its token gave way to the new one. */
  readonly rotated: boolean | null;
  /** Seconds that the device stays trusted. */
  readonly livesFor: number | null;
  /** The device whose outdated token came. */
  readonly reused: string | null;
}

interface NewChallenge extends PresentedDevice {
  readonly accountId: string;
  readonly id: string;
  readonly tokenHash: Buffer;
  readonly context: SignInContext;
  /** Seconds. */
  readonly life: number;
}

/** The gate. With two-factor on it opens a challenge, unless the request comes from a trusted device. */
export function openChallenge(registry: FactorRegistry): Statement<Opening, NewChallenge> {
  return statement(
    'open_challenge',
    `WITH account AS MATERIALIZED (
       SELECT ${registry.isOn('$accountId')} AS is_on, ${registry.facts('$accountId')} AS facts
     ), ${recognise(registry.isOn('$accountId'))},
     opened AS (
       INSERT INTO two_factor_challenge (id, token_hash, account_id, context, expires_at)
       SELECT $id, $tokenHash, $accountId, $context, now() + make_interval(secs => $life)
       FROM account WHERE is_on AND NOT EXISTS (SELECT FROM trusted)
       RETURNING id
     )
     SELECT account.is_on AS "on", account.facts, trusted.id AS "deviceId", trusted.rotated,
       trusted.lives_for AS "livesFor", (SELECT id FROM reused) AS reused
     FROM account LEFT JOIN trusted ON true`,
  );
}

/** Challenges that are over, and with them the codes that were sent on them. */
export const PRUNE_CHALLENGES = prune('two_factor_challenge', 'id', 'expires_at');

export const ACCOUNT_OF_CHALLENGE = statement<
  { readonly accountId: string },
  { readonly tokenHash: Buffer; readonly allowed: number }
>(
  'account_of_challenge',
  `SELECT account_id AS "accountId" FROM two_factor_challenge
   WHERE token_hash = $tokenHash AND expires_at > now() AND guesses <= $allowed`,
);

/** A caller, looked up: what something that is issued to it can be bound to. */
export interface IdentifiedCaller {
  readonly accountId: string;
  /** Null on a session. */
  readonly challengeId: string | null;
  /** Null on a challenge. */
  readonly sessionId: string | null;
  /** Whether the challenge's guesses are used up, and the client does not know yet. */
  readonly exhausted: boolean;
}

const IDENTIFIED = `account_id AS "accountId", challenge_id AS "challengeId", session_id AS "sessionId",
  guesses >= allowed AS exhausted`;

export const IDENTIFY_CALLER: CallerStatements<IdentifiedCaller> = {
  onChallenge: statement(
    'identify_challenged',
    `SELECT ${IDENTIFIED} FROM (${WHO.onChallenge}) who WHERE guesses <= allowed`,
  ),
  onSession: statement('identify_caller', `SELECT ${IDENTIFIED} FROM (${WHO.onSession}) who`),
};

/** Kills a challenge whose guesses are used up. One row for the first request that learns of it. */
export const CONSUME_EXHAUSTED_CHALLENGE = statement<
  { readonly id: string },
  { readonly challengeId: string | null; readonly allowed: number }
>(
  'consume_exhausted_challenge',
  `UPDATE two_factor_challenge SET guesses = guesses + 1 WHERE id = $challengeId AND guesses = $allowed RETURNING id`,
);

/** Burns one challenge, wherever its sign-in stands. */
export const BURN_CHALLENGE = statement<object, { readonly tokenHash: Buffer }>(
  'burn_challenge',
  `DELETE FROM two_factor_challenge WHERE token_hash = $tokenHash`,
);

/**
 * Burns all challenges of an account, then holds its counters: until the transaction ends nothing verifies, and no trusted
 * device signs in. What later statements of the transaction see and drop, nothing can add to.
 */
export const BURN_CHALLENGES = statement<object, { readonly accountId: string }>(
  'burn_challenges',
  `WITH burnt AS (
     DELETE FROM two_factor_challenge WHERE account_id = $accountId RETURNING id
   )
   ${holdAccount('$accountId', 'FOR UPDATE', after('burnt'))}`,
);

/** An UPDATE that counts a guess of `asked(challenge_id, verdict)`. */
export const COUNT_CHALLENGE_GUESS = `UPDATE two_factor_challenge c SET guesses = c.guesses + 1
  FROM asked WHERE c.id = asked.challenge_id AND asked.verdict IN ('taken', 'exhausted')`;

/** A DELETE that burns the challenge `$challengeId`, if it still lives at that moment. */
export const BURN_LIVE_CHALLENGE = (time: string) => `DELETE FROM two_factor_challenge
  WHERE id = $challengeId::uuid AND expires_at > ${time} RETURNING account_id`;

/** A DELETE of all challenges of an account. @param account SQL expression, NULL for none */
export function burnChallengesOf(account: string): string {
  return `DELETE FROM two_factor_challenge WHERE account_id = ${account}`;
}
