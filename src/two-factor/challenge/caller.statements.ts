import { sessionScope } from '../trusted-devices/trusted-devices.fragments.js';
import { ACCOUNT_SCOPE } from '../attempts/scope.js';
import type { Statement } from '../postgres/statement.js';
import type { Transaction } from '../postgres/transaction.js';
import type { AnonymousCaller, Prover } from './caller.js';

/** Values that name a caller in the middle of a sign-in. */
export interface OfChallenge {
  readonly tokenHash: Buffer;
  /** Guesses that a challenge allows. */
  readonly allowed: number;
}

/** Values that name a caller with a session. */
export interface OfSession {
  readonly accountId: string;
  readonly sessionId: string;
  readonly trustedDeviceId: string | null;
}

/** One act, for either kind of caller. */
export interface CallerStatements<Row extends object, Values extends object = object> {
  readonly onChallenge: Statement<Row, OfChallenge & Values>;
  readonly onSession: Statement<Row, OfSession & Values>;
  /** For a caller without credential; absent where every caller needs one. */
  readonly alone?: Statement<Row, Values>;
}

/**
 * SELECTs of who calls, `(challenge_id, account_id, session_id, guesses, allowed, context, scope, expires_at)`: one row, or
 * none when the challenge is dead. The names of their values are those of `OfChallenge` and `OfSession`.
 */
export const WHO = {
  onChallenge: `
    SELECT id AS challenge_id, account_id, NULL::text AS session_id, guesses, $allowed::integer AS allowed, context,
      '${ACCOUNT_SCOPE}' AS scope, expires_at
    FROM two_factor_challenge
    WHERE token_hash = $tokenHash AND expires_at > now()`,
  onSession: `
    SELECT NULL::uuid AS challenge_id, $accountId::text AS account_id, $sessionId::text AS session_id, 0 AS guesses,
      1 AS allowed, '{}'::jsonb AS context, ${sessionScope('$accountId', '$trustedDeviceId::text')} AS scope,
      NULL::timestamptz AS expires_at`,
};

/**
 * The same for a caller without credential. The account is NULL where the attempt names none.
 *
 * @param account SQL expression for the account that the attempt names
 */
export function whoAlone(account: string): string {
  return `
    SELECT NULL::uuid AS challenge_id, ${account} AS account_id, NULL::text AS session_id, 0 AS guesses, 1 AS allowed,
      '{}'::jsonb AS context, '${ACCOUNT_SCOPE}' AS scope, NULL::timestamptz AS expires_at`;
}

/** Runs the statement for this kind of caller. */
export async function queryFor<Row extends object, Values extends object>(
  transaction: Transaction,
  statements: CallerStatements<Row, Values>,
  caller: Prover | AnonymousCaller,
  allowed: number,
  values: Values,
): Promise<Row[]> {
  if (caller.kind === 'challenge') {
    return transaction.query(statements.onChallenge, { tokenHash: caller.tokenHash, allowed, ...values });
  }
  if (caller.kind === 'anonymous') {
    if (!statements.alone) throw new RangeError('A caller without credential has nothing to prove here');
    return transaction.query(statements.alone, values);
  }
  const { accountId, sessionId, trustedDeviceId } = caller.session;
  return transaction.query(statements.onSession, { accountId, sessionId, trustedDeviceId, ...values });
}
