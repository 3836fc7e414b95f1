import { statement, type Statement } from '../postgres/statement.js';

/** The kinds of stored records that depend on a ring key. */
export type SealedKind = 'authenticator' | 'otp-method' | 'one-time-code' | 'message';

/** A row as it is read to be sealed anew. */
export interface SealedRow {
  readonly id: string;
  readonly accountId: string;
  readonly sealed: string;
}

/** How many rows need a key. */
export interface RowsOfKey {
  readonly kid: string;
  readonly rows: number;
}

/** Rows of one table that are sealed, and stay: what a rotation needs to know of them. */
export interface SealedRecords {
  readonly kind: SealedKind;
  readonly table: string;
  /** Gives `RowsOfKey`, a row for each key. */
  readonly count: Statement;
  /** Values: kid, id after which to begin, at most. Gives `SealedRow`s in the order of their ids. */
  readonly batch: Statement;
  /** Values: ids, seals as they were read, new seals. Gives the ids that were replaced. */
  readonly replace: Statement;
  /** What the seal is bound to; see AesGcmSealer. */
  record(accountId: string, id: string): readonly string[];
}

/**
 * The statements of a table with the columns `id`, `account_id`, `kid` and one that is sealed; with an index over `kid`
 * and `id`.
 *
 * A seal is replaced only where the row is as it was read, so whoever confirms, replaces or disables meanwhile wins. Rows
 * that somebody holds are left for later: a rotation that waits while it holds other rows would keep sign-ins waiting.
 *
 * @param kind names the records, also in the name of each statement
 * @param column the sealed one
 */
export function sealedRecords(
  kind: SealedKind,
  { table, column }: { readonly table: string; readonly column: string },
  record: SealedRecords['record'],
): SealedRecords {
  const name = kind.replaceAll('-', '_');
  return {
    kind,
    table,
    record,
    count: statement(
      `count_${name}_by_key`,
      `SELECT kid, count(*)::integer AS rows FROM ${table} WHERE kid IS NOT NULL GROUP BY kid`,
    ),
    batch: statement(
      `batch_${name}`,
      `SELECT id, account_id AS "accountId", ${column} AS sealed FROM ${table}
       WHERE kid = $1 AND id > $2 ORDER BY id LIMIT $3`,
    ),
    replace: statement(
      `reseal_${name}`,
      `WITH due AS (
         SELECT t.id, u.sealed
         FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (id, was, sealed)
         JOIN ${table} t ON t.id = u.id AND t.${column} = u.was
         ORDER BY t.id
         FOR NO KEY UPDATE OF t SKIP LOCKED
       )
       UPDATE ${table} t SET ${column} = due.sealed, kid = split_part(due.sealed, '.', 1)
       FROM due WHERE t.id = due.id
       RETURNING t.id`,
    ),
  };
}
