import { guess, spend } from '../../verification/guess.js';
import { ACCOUNT_SCOPE } from '../../attempts/scope.js';
import { isOn } from '../../factor/is-on.js';
import { statement } from '../../postgres/statement.js';

/** Values: see `guess`. */
export const GUESS_BACKUP_CODE = guess(
  'backup_code',
  `(SELECT array_agg(b.code_hash) FROM two_factor_backup_code b
    WHERE b.account_id = who.account_id AND b.staged_for IS NULL)`,
  { lockable: false },
);

/** Values after the first: hash of the code. */
export const SPEND_BACKUP_CODE = spend(
  'backup_code',
  `spent AS (
     DELETE FROM two_factor_backup_code b USING cleared
     WHERE b.account_id = cleared.account_id AND b.code_hash = $2 AND b.staged_for IS NULL
     RETURNING (
       SELECT count(*)::integer - 1 FROM two_factor_backup_code l WHERE l.account_id = b.account_id AND l.staged_for IS NULL
     ) AS "left"
   )`,
  { lockable: false },
);

/**
 * Makes replacements wait for each other, and for verifications. A statement of its own, for the next one must see what
 * those wrote.
 *
 * Values: account id.
 */
export const AWAIT_TURN = statement(
  'await_turn',
  `SELECT FROM two_factor_attempts WHERE account_id = $1 AND scope = '${ACCOUNT_SCOPE}' FOR NO KEY UPDATE`,
);

/**
 * Replaces all codes of an account, staged ones too, as long as it has two-factor on.
 *
 * Values: account id, hashes. One row when it was done.
 */
export const REPLACE_BACKUP_CODES = statement(
  'replace_backup_codes',
  `WITH enabled AS (
     SELECT $1::text AS account_id WHERE ${isOn('$1')}
   ), dropped AS (
     DELETE FROM two_factor_backup_code b USING enabled WHERE b.account_id = enabled.account_id
   ), added AS (
     INSERT INTO two_factor_backup_code (account_id, code_hash)
     SELECT enabled.account_id, code_hash FROM enabled, unnest($2::bytea[]) AS code_hash
     RETURNING 1
   )
   SELECT count(*)::integer AS added FROM added`,
);
