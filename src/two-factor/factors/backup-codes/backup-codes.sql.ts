import { holdAccount } from '../../attempts/attempts.fragments.js';
import type { CompanionSql } from '../../factor/factor-plugin.js';
import type { FactorRegistry } from '../../factor/factor-registry.js';
import { statement, type Statement } from '../../postgres/statement.js';

/** Hashes of the codes in force. */
export const CANDIDATES = `(SELECT array_agg(b.code_hash) FROM two_factor_backup_code b
  WHERE b.account_id = who.account_id AND b.staged_for IS NULL)`;

/** Takes `$codeHash`. */
export const SPEND_BACKUP_CODE = `used AS (
  DELETE FROM two_factor_backup_code b USING cleared
  WHERE b.account_id = cleared.account_id AND b.code_hash = $codeHash AND b.staged_for IS NULL
  RETURNING b.account_id, (
    SELECT count(*)::integer - 1 FROM two_factor_backup_code l WHERE l.account_id = b.account_id AND l.staged_for IS NULL
  ) AS "left"
)`;

/** How many codes are in force; NULL for none. */
export const CODES_LEFT = (account: string) => `(SELECT to_jsonb(nullif(count(*), 0)) FROM two_factor_backup_code b
  WHERE b.account_id = ${account} AND b.staged_for IS NULL)`;

export const REMOVE_BACKUP_CODES = (account: string) => [
  `DELETE FROM two_factor_backup_code WHERE account_id = ${account}`,
];

/** Codes are staged with the factor that they come along with. Takes `$codeHashes`. */
export const BACKUP_CODES_AS_COMPANIONS: CompanionSql = {
  stage: (staged) => `INSERT INTO two_factor_backup_code (account_id, code_hash, staged_for)
    SELECT staged.account_id, code_hash, staged.id FROM ${staged}, unnest($codeHashes::bytea[]) AS code_hash`,

  /** Codes that wait for something else die with it; where new ones come into force, the old ones die too. */
  confirm: ({ due, dropped, renews }) => [
    `companion_dropped AS (
      DELETE FROM two_factor_backup_code b USING ${due}
      WHERE b.account_id = due.account_id AND b.staged_for IS DISTINCT FROM due.id AND ${
        renews
          ? `(b.staged_for IS NOT NULL OR EXISTS (SELECT FROM two_factor_backup_code s WHERE s.staged_for = due.id))`
          : `b.staged_for IN ${dropped}`
      }
    )`,
    `companion_in_force AS (
      UPDATE two_factor_backup_code b SET staged_for = NULL FROM ${due} WHERE b.staged_for = due.id
    )`,
  ],

  dropStaged: (account, ids) => `DELETE FROM two_factor_backup_code b
    WHERE b.account_id = ${account} AND ${ids === undefined ? 'b.staged_for IS NOT NULL' : `b.staged_for IN ${ids}`}`,
};

/**
 * Makes replacements wait for each other, and for verifications. A statement of its own, because the next one must see what
 * those wrote.
 */
export const AWAIT_TURN = statement<object, { readonly accountId: string }>(
  'await_turn',
  holdAccount('$accountId', 'FOR NO KEY UPDATE'),
);

/** Replaces all codes of an account, staged ones too, as long as it has two-factor on; `added` is 0 otherwise. */
export function replaceBackupCodes(
  registry: FactorRegistry,
): Statement<{ readonly added: number }, { readonly accountId: string; readonly codeHashes: readonly Buffer[] }> {
  return statement(
    'replace_backup_codes',
    `WITH enabled AS (
       SELECT $accountId::text AS account_id WHERE ${registry.isOn('$accountId')}
     ), dropped AS (
       DELETE FROM two_factor_backup_code b USING enabled WHERE b.account_id = enabled.account_id
     ), added AS (
       INSERT INTO two_factor_backup_code (account_id, code_hash)
       SELECT enabled.account_id, code_hash FROM enabled, unnest($codeHashes::bytea[]) AS code_hash
       RETURNING 1
     )
     SELECT count(*)::integer AS added FROM added`,
  );
}
