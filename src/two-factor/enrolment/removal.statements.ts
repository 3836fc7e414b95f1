import { holdAccount } from '../attempts/attempts.fragments.js';
import type { EnrollablePlugin, FactorRegistry } from '../factor/factor-registry.js';
import { statement, type Statement } from '../postgres/statement.js';

/** Makes removals and confirmations of one account wait for each other until the transaction ends. */
export const HOLD_FACTORS = statement<object, { readonly accountId: string }>(
  'hold_factors',
  holdAccount('$accountId', 'FOR NO KEY UPDATE'),
);

/**
 * Removes the confirmed row `$id`, unless it is the last one that keeps two-factor on: then `removed` is false. No row: the
 * account has no such factor.
 */
export function removeFactor(
  { name, enrolment }: EnrollablePlugin,
  { enrollable }: FactorRegistry,
): Statement<{ readonly removed: boolean }, { readonly accountId: string; readonly id: string }> {
  const others = enrollable.map(
    (other) => `EXISTS (
      SELECT FROM ${other.enrolment.name} o WHERE o.account_id = $accountId AND o.confirmed_at IS NOT NULL
        ${other.name === name ? 'AND o.id <> $id::uuid' : ''})`,
  );
  return statement(
    `remove_${name.replaceAll('-', '_')}`,
    `WITH target AS (
       SELECT t.id FROM ${enrolment.name} t
       WHERE t.account_id = $accountId AND t.id = $id::uuid AND t.confirmed_at IS NOT NULL
     ), removed AS (
       DELETE FROM ${enrolment.name} t USING target
       WHERE t.account_id = $accountId AND t.id = target.id AND (${others.join(' OR ')})
       RETURNING t.id
     )
     SELECT EXISTS (SELECT FROM removed) AS removed FROM target`,
  );
}
