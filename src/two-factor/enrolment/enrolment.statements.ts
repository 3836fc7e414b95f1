import { statement } from '../postgres/statement.js';

/**
 * Stages an authenticator and its backup codes for one session, in the place of what that session staged before.
 *
 * Values: authenticator id, account id, sealed secret, issuer, label, session id, life in seconds, code hashes, whether
 * the session is strong. No row when two-factor was switched on meanwhile and the session is weak.
 */
export const STAGE_AUTHENTICATOR = statement(
  'stage_authenticator',
  `WITH allowed AS (
     SELECT WHERE $9::boolean OR NOT EXISTS (
       SELECT FROM two_factor_authenticator WHERE account_id = $2 AND confirmed_at IS NOT NULL
     )
   ), counted AS (
     INSERT INTO two_factor_attempts (account_id) SELECT $2 FROM allowed ON CONFLICT (account_id) DO NOTHING
   ), dropped AS (
     DELETE FROM two_factor_authenticator
     WHERE account_id = $2 AND confirmed_at IS NULL AND (staged_by = $6 OR staged_until <= now())
   ), staged AS (
     INSERT INTO two_factor_authenticator (id, account_id, secret, issuer, label, staged_by, staged_until)
     SELECT $1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7)
     FROM allowed
     RETURNING id
   ), codes AS (
     INSERT INTO two_factor_backup_code (account_id, code_hash, staged_for)
     SELECT $2, code_hash, staged.id FROM staged, unnest($8::bytea[]) AS code_hash
   )
   SELECT id FROM staged`,
);

/**
 * Switches two-factor off: every factor, staged or confirmed, and every open challenge. Attempts stay.
 *
 * Values: account id. One row when it was on.
 */
export const DISABLE = statement(
  'disable',
  `WITH dropped AS (
     DELETE FROM two_factor_authenticator WHERE account_id = $1 RETURNING confirmed_at
   ), codes AS (
     DELETE FROM two_factor_backup_code WHERE account_id = $1
   ), challenges AS (
     DELETE FROM two_factor_challenge WHERE account_id = $1
   )
   SELECT FROM dropped WHERE confirmed_at IS NOT NULL`,
);

/** Drops what was staged under an older password. Values: account id. */
export const DROP_STAGED = statement(
  'drop_staged',
  `DELETE FROM two_factor_authenticator WHERE account_id = $1 AND confirmed_at IS NULL`,
);
