import { openAccountScope } from '../attempts/attempts.fragments.js';
import { burnChallengesOf } from '../challenge/challenge.statements.js';
import type { EnrollablePlugin, FactorRegistry } from '../factor/factor-registry.js';
import type { NoticeSql, NoticeValues, Told } from '../messages/notices.statements.js';
import { statement, type Statement } from '../postgres/statement.js';
import { dropDevices } from '../trusted-devices/trusted-devices.fragments.js';

/** Values of `stage`, beside those of the factor's columns and of the companions. */
interface StagedRow {
  readonly id: string;
  readonly accountId: string;
  readonly sessionId: string;
  /** Seconds. */
  readonly life: number;
  /** Whether the session proved a second factor, not too long ago. */
  readonly strong: boolean;
}

/** The name under which `stage` takes the value of a factor's column. */
export function columnValue(column: string): string {
  return `column_${column}`;
}

/**
 * Stages a factor for one session, in the place of what that session staged before, and its companions. Sweeps out what was
 * staged too long ago.
 *
 * No row when two-factor is on and the session is weak. `accompanied` says whether companions were staged.
 */
export function stage(
  { name, enrolment }: EnrollablePlugin,
  registry: FactorRegistry,
): Statement<{ readonly accompanied: boolean }, StagedRow & Readonly<Record<string, unknown>>> {
  const { rival = 'true', columns, sealed, renewsCompanions } = enrolment;
  const own = Object.entries(columns).map(([column, type]) => ({
    column,
    value: `$${columnValue(column)}::${type}`,
  }));
  const kid =
    sealed === undefined ? [] : [{ column: 'kid', value: `split_part($${columnValue(sealed)}::text, '.', 1)` }];
  const stored = [
    { column: 'id', value: '$id::uuid' },
    { column: 'account_id', value: '$accountId::text' },
    ...own,
    ...kid,
    { column: 'staged_by', value: '$sessionId::text' },
    { column: 'staged_until', value: 'now() + make_interval(secs => $life)' },
  ];
  const companions = registry.plugins.flatMap(({ companion }) => companion ?? []);
  const dropped = `(SELECT id FROM dropped)`;
  const from = `(
    SELECT staged.id, staged.account_id FROM staged, allowed WHERE ${renewsCompanions} OR NOT allowed.is_on
  ) staged`;
  const ctes = [
    `allowed AS (
      SELECT is_on FROM (SELECT ${registry.isOn('$accountId')} AS is_on) state WHERE $strong::boolean OR NOT is_on
    )`,
    `counted AS (${openAccountScope('$accountId', 'allowed')})`,
    `mine AS (SELECT ${own.map(({ column, value }) => `${value} AS ${column}`).join(', ')})`,
    `dropped AS (
      DELETE FROM ${enrolment.name} other USING mine
      WHERE other.account_id = $accountId AND other.confirmed_at IS NULL
        AND (other.staged_until <= now() OR (other.staged_by = $sessionId AND ${rival}))
      RETURNING other.id
    )`,
    ...companions.map(
      (companion, index) => `dropped_companions_${index} AS (${companion.dropStaged('$accountId', dropped)})`,
    ),
    `staged AS (
      INSERT INTO ${enrolment.name} (${stored.map(({ column }) => column).join(', ')})
      SELECT ${stored.map(({ value }) => value).join(', ')} FROM allowed
      RETURNING id, account_id
    )`,
    ...companions.map((companion, index) => `companions_${index} AS (${companion.stage(from)} RETURNING 1)`),
  ];
  const accompanied = companions.map((_, index) => `EXISTS (SELECT FROM companions_${index})`).join(' OR ') || 'false';
  return statement(
    `stage_${name.replaceAll('-', '_')}`,
    `WITH ${ctes.join(', ')} SELECT ${accompanied} AS accompanied FROM staged`,
  );
}

interface OfAccount {
  readonly accountId: string;
}

/** Drops what was staged, and what is pending, under an older password. */
export function dropStaged({ plugins, enrollable }: FactorRegistry): Statement<object, OfAccount> {
  const deletes = [
    ...enrollable.map(
      ({ enrolment }) => `DELETE FROM ${enrolment.name} WHERE account_id = $accountId AND confirmed_at IS NULL`,
    ),
    ...plugins.flatMap(({ dropPending }) => dropPending?.('$accountId') ?? []),
    ...plugins.flatMap(({ companion }) => companion?.dropStaged('$accountId') ?? []),
  ];
  return statement('drop_staged', `WITH ${numbered('dropped', deletes)} SELECT $accountId::text AS account`);
}

function disableText(registry: FactorRegistry, notice: string, result: string): string {
  const { plugins, enrollable } = registry;
  const deletes = [
    ...enrollable.map(({ enrolment }) => `DELETE FROM ${enrolment.name} WHERE account_id = $accountId`),
    ...plugins.flatMap(({ remove }) => remove?.('$accountId') ?? []),
    burnChallengesOf('$accountId'),
  ];
  return `WITH was_on AS MATERIALIZED (
     SELECT WHERE ${registry.isOn('$accountId')}
   ), ${numbered('removed', deletes)}, ${dropDevices('true')}${notice}
   SELECT ${result} FROM was_on`;
}

/**
 * Turns two-factor off: drops every factor, staged or confirmed, every open challenge, everything pending and every trusted
 * device. The account's counters stay. One row when it was on.
 */
export function disable(registry: FactorRegistry): Statement<object, OfAccount> {
  return statement('disable', disableText(registry, '', 'true'));
}

/** The same, and the notice to the owner in the same statement. */
export function disableAndTell(
  registry: FactorRegistry,
  notices: NoticeSql,
): Statement<Told, OfAccount & NoticeValues> {
  return statement('disable_and_tell', disableText(registry, `, ${notices.telling('was_on')}`, notices.told));
}

function numbered(name: string, statements: readonly string[]): string {
  return statements.map((text, index) => `${name}_${index} AS (${text})`).join(', ');
}
