import { guess, mayConfirm, spend } from '../../verification/guess.js';
import { isOn } from '../../factor/is-on.js';
import { statement } from '../../postgres/statement.js';

/** An authenticator to hold a code against, the confirmed one before a staged one. */
export interface StoredAuthenticator {
  readonly id: string;
  readonly secret: string;
  readonly lastStep: number;
  readonly staged: boolean;
}

/** A staged secret is shown and tried only on the session that staged it, so never on a challenge. */
const SEEN_BY_SESSION = `a.confirmed_at IS NOT NULL OR (a.staged_by = who.session_id AND a.staged_until > now())`;

/**
 * Stages an authenticator and its backup codes for one session, in the place of what that session staged before.
 *
 * Values: authenticator id, account id, sealed secret, issuer, label, session id, life in seconds, code hashes, whether
 * the session is strong. No row when two-factor was switched on meanwhile and the session is weak.
 */
export const STAGE_AUTHENTICATOR = statement(
  'stage_authenticator',
  `WITH allowed AS (
     SELECT WHERE $9::boolean OR NOT ${isOn('$2')}
   ), counted AS (
     INSERT INTO two_factor_attempts (account_id) SELECT $2 FROM allowed ON CONFLICT (account_id, scope) DO NOTHING
   ), dropped AS (
     DELETE FROM two_factor_authenticator
     WHERE account_id = $2 AND confirmed_at IS NULL AND (staged_by = $6 OR staged_until <= now())
     RETURNING id
   ), dropped_codes AS (
     DELETE FROM two_factor_backup_code b USING dropped WHERE b.staged_for = dropped.id
   ), staged AS (
     INSERT INTO two_factor_authenticator (id, account_id, secret, kid, issuer, label, staged_by, staged_until)
     SELECT $1, $2, $3, split_part($3, '.', 1), $4, $5, $6, now() + make_interval(secs => $7)
     FROM allowed
     RETURNING id
   ), codes AS (
     INSERT INTO two_factor_backup_code (account_id, code_hash, staged_for)
     SELECT $2, code_hash, staged.id FROM staged, unnest($8::bytea[]) AS code_hash
   )
   SELECT id FROM staged`,
);

/** Values: see `guess`. */
export const GUESS_TOTP = guess(
  'totp',
  `(SELECT json_agg(
      json_build_object('id', a.id, 'secret', a.secret, 'lastStep', a.last_step, 'staged', a.confirmed_at IS NULL)
      ORDER BY a.confirmed_at NULLS LAST, a.created_at DESC)
    FROM two_factor_authenticator a
    WHERE a.account_id = who.account_id AND (${SEEN_BY_SESSION}))`,
  { lockable: true },
);

/** Values after the first: authenticator id, accepted step. */
export const SPEND_STEP = spend(
  'totp',
  `spent AS (
     UPDATE two_factor_authenticator a SET last_step = $3
     FROM cleared
     WHERE a.id = $2 AND a.account_id = cleared.account_id AND a.confirmed_at IS NOT NULL AND a.last_step < $3
     RETURNING a.id
   )`,
  { lockable: true },
);

/**
 * Confirms a staged authenticator with its first code, in the place of what was confirmed before. Staged backup codes
 * come into force with it, where none were discarded meanwhile; a replaced authenticator takes open challenges and whatever
 * else is staged along. What other sessions staged is dropped in any case: they may know no more than the password.
 *
 * Values after the first: authenticator id, accepted step, session id.
 */
export const CONFIRM_AUTHENTICATOR = spend(
  'confirm_totp',
  `due AS (
     SELECT a.id, a.account_id FROM two_factor_authenticator a JOIN cleared ON a.account_id = cleared.account_id
     WHERE a.id = $2 AND a.staged_by = $4 AND a.staged_until > now() AND ${mayConfirm('cleared.account_id')}
     FOR UPDATE OF a
   ), dropped AS (
     DELETE FROM two_factor_authenticator o USING due
     WHERE o.account_id = due.account_id AND o.id <> due.id
     RETURNING o.confirmed_at
   ), was_on AS (
     SELECT ${isOn('due.account_id')} AS was_on FROM due
   ), replaced AS (
     SELECT count(confirmed_at) > 0 AS replaced FROM dropped
   ), dropped_methods AS (
     DELETE FROM two_factor_otp_method m USING due, replaced
     WHERE m.account_id = due.account_id AND m.confirmed_at IS NULL AND (replaced.replaced OR m.staged_by <> $4)
   ), burnt_challenges AS (
     DELETE FROM two_factor_challenge c USING due, replaced WHERE c.account_id = due.account_id AND replaced.replaced
   ), dead_one_time_codes AS (
     DELETE FROM two_factor_one_time_code c USING due, replaced
     WHERE c.account_id = due.account_id AND c.challenge_id IS NULL AND replaced.replaced
   ), dropped_codes AS (
     DELETE FROM two_factor_backup_code b USING due
     WHERE b.account_id = due.account_id AND b.staged_for IS DISTINCT FROM due.id
       AND (b.staged_for IS NOT NULL OR EXISTS (SELECT FROM two_factor_backup_code s WHERE s.staged_for = due.id))
   ), codes_in_force AS (
     UPDATE two_factor_backup_code b SET staged_for = NULL FROM due WHERE b.staged_for = due.id
   ), spent AS (
     UPDATE two_factor_authenticator a
     SET confirmed_at = now(), staged_by = NULL, staged_until = NULL, last_step = $3
     FROM due, replaced, was_on WHERE a.id = due.id
     RETURNING true AS enrolled, replaced.replaced, was_on.was_on AS added
   )`,
  { lockable: true },
);

/** Values: account id, session id. */
export const FIND_AUTHENTICATORS = statement(
  'find_authenticators',
  `SELECT a.id, a.secret, a.issuer, a.label, a.confirmed_at IS NULL AS staged
   FROM two_factor_authenticator a, (SELECT $1::text AS account_id, $2::text AS session_id) who
   WHERE a.account_id = who.account_id AND (${SEEN_BY_SESSION})
   ORDER BY a.confirmed_at NULLS LAST, a.created_at DESC`,
);
