import { clearFailures, holdAccount, STATEMENT_TIME } from '../attempts/attempts.fragments.js';
import { ACCOUNT_SCOPE } from '../attempts/scope.js';
import { BURN_LIVE_CHALLENGE, burnChallengesOf } from '../challenge/challenge.statements.js';
import type { Spent } from '../factor/factor.js';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import type { EnrollablePlugin, FactorRegistry } from '../factor/factor-registry.js';
import { statement, type Statement } from '../postgres/statement.js';

/** The values of a factor's own SQL, by name; see `Match.values`. */
type MatchValues = Readonly<Record<string, unknown>>;

/** Values that name the session whose scope is cleared. */
interface SpendOnSession {
  readonly accountId: string;
  readonly scope: string;
}

/** Values that name what is confirmed, and by whom. */
interface Confirmation extends SpendOnSession {
  readonly stagedId: string;
  readonly sessionId: string;
  /** Whether the session proved a second factor, not too long ago. */
  readonly strong: boolean;
}

/** How a right attempt is written down, for one factor. */
export interface SpendStatements {
  readonly onChallenge: Statement<Spent, { readonly challengeId: string } & MatchValues>;
  readonly onSession: Statement<Spent, SpendOnSession & MatchValues>;
  /** Null for a factor that is not enrolled. What is staged can be confirmed on a session only. */
  readonly confirm: Statement<Spent, Confirmation & MatchValues> | null;
  /** Null for a factor whose number has no limit. */
  readonly room: RoomStatements | null;
}

/** How many confirmed rows there are, asked in two statements: the second one sees what those before it have written. */
export interface RoomStatements {
  /** Makes confirmations of one account wait for each other until the transaction ends. */
  readonly hold: Statement<object, { readonly accountId: string }>;
  readonly count: Statement<{ readonly rows: number }, { readonly accountId: string }>;
}

const ON_CHALLENGE = `SELECT account_id, '${ACCOUNT_SCOPE}' AS scope FROM burnt_challenge`;
const ON_SESSION = `SELECT $accountId::text AS account_id, $scope::text AS scope`;

/**
 * One statement that burns the challenge, looks at the lock again, clears the failures and spends the factor, each only
 * if the one before did: the second of two gets no row, and must roll back.
 */
export function spendStatements(plugin: FactorPlugin, registry: FactorRegistry): SpendStatements {
  const name = plugin.name.replaceAll('-', '_');
  const cleared = clearFailures(plugin);
  const burn = `burnt_challenge AS (${BURN_LIVE_CHALLENGE(STATEMENT_TIME)}), burnt AS (${ON_CHALLENGE})`;
  const rest = `${cleared}, ${plugin.spend} SELECT used.* FROM used`;
  return {
    onChallenge: statement(`spend_${name}_on_challenge`, `WITH ${burn}, ${rest}`),
    onSession: statement(`spend_${name}_on_session`, `WITH burnt AS (${ON_SESSION}), ${rest}`),
    confirm: plugin.enrolment
      ? statement(
          `confirm_${name}`,
          `WITH burnt AS (${ON_SESSION}), ${cleared}, ${confirm(plugin as EnrollablePlugin, registry)}`,
        )
      : null,
    room: plugin.enrolment?.limit ? room(name, plugin.enrolment.name) : null,
  };
}

function room(name: string, table: string): RoomStatements {
  return {
    hold: statement(`hold_${name}`, holdAccount('$accountId', 'FOR NO KEY UPDATE')),
    count: statement(
      `count_${name}`,
      `SELECT count(*)::integer AS rows FROM ${table} WHERE account_id = $accountId AND confirmed_at IS NOT NULL`,
    ),
  };
}

/**
 * Common table expressions that confirm what a session staged, in the place of its rivals, and the SELECT of what came of
 * it. Two-factor may have been turned on since it was staged: then only a strong session may confirm [ASVS 7.5.1].
 *
 * What other sessions staged is dropped in any case, because they may know no more than the password. Where a confirmed
 * row gave way, everything else that is staged or pending goes too, and with it the open challenges.
 */
function confirm({ enrolment, spendStaged }: EnrollablePlugin, registry: FactorRegistry): string {
  const { plugins, enrollable } = registry;
  const table = enrolment.name;
  const replacedAccount = `(SELECT due.account_id FROM due, replaced WHERE replaced.replaced)`;
  const dropStaged = enrollable.map(
    (other) => `${droppedName(other.name)} AS (
      DELETE FROM ${other.enrolment.name} o USING due, replaced
      WHERE o.account_id = due.account_id AND o.id <> due.id AND o.confirmed_at IS NULL
        AND (replaced.replaced OR o.staged_by <> $sessionId)
      RETURNING o.id
    )`,
  );
  const dropped = ['gave_way', ...enrollable.map((other) => droppedName(other.name))]
    .map((from) => `SELECT id FROM ${from}`)
    .join(' UNION ALL ');
  const pending = plugins
    .flatMap((other) => other.dropPending?.(replacedAccount) ?? [])
    .map((text, index) => `dropped_pending_${index} AS (${text})`);
  const companions = plugins.flatMap(
    ({ companion }) =>
      companion?.confirm({ due: 'due', dropped: `(${dropped})`, renews: enrolment.renewsCompanions }) ?? [],
  );
  const assignments = enrolment.onConfirm ? `, ${enrolment.onConfirm}` : '';
  return [
    spendStaged ?? 'used AS (SELECT account_id FROM cleared)',
    `due AS (
      SELECT mine.* FROM ${table} mine JOIN used ON used.account_id = mine.account_id
      WHERE mine.id = $stagedId AND mine.staged_by = $sessionId AND mine.staged_until > ${STATEMENT_TIME}
        AND ($strong::boolean OR NOT ${registry.isOn('used.account_id')})
      FOR UPDATE OF mine
    )`,
    `was_on AS (SELECT ${registry.isOn('due.account_id')} AS was_on FROM due)`,
    `gave_way AS (
      DELETE FROM ${table} other USING due mine
      WHERE other.account_id = mine.account_id AND other.id <> mine.id AND ${enrolment.rival ?? 'true'}
      RETURNING other.id, other.confirmed_at
    )`,
    `replaced AS (SELECT count(confirmed_at) > 0 AS replaced FROM gave_way)`,
    ...dropStaged,
    `burnt_challenges AS (${burnChallengesOf(replacedAccount)})`,
    ...pending,
    ...companions,
    `confirmed AS (
      UPDATE ${table} mine SET confirmed_at = now(), staged_by = NULL, staged_until = NULL${assignments}
      FROM due, replaced, was_on WHERE mine.id = due.id AND mine.account_id = due.account_id
      RETURNING true AS enrolled, replaced.replaced, was_on.was_on AS added
    ) SELECT * FROM confirmed`,
  ].join(', ');
}

function droppedName(factor: string): string {
  return `dropped_staged_${factor.replaceAll('-', '_')}`;
}
