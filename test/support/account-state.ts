import { backupCodeHash } from '../../src/two-factor/factors/backup-codes/backup-codes.js';
import { tokenHash } from '../../src/two-factor/index.js';
import type { SeededAccount } from './seeded-account.js';
import type { TestService } from './service.js';

/** State of an account in the tables, in numbers and flags that can be compared between accounts. */
export interface State {
  readonly failures: number;
  readonly locked: boolean;
  /** Guesses taken of each open challenge. */
  readonly challenges: readonly number[];
  readonly authenticators: ReadonlyArray<{ readonly confirmed: boolean; readonly used: boolean }>;
  readonly methods: number;
  readonly codes: number;
  readonly backupCodes: number;
  /** Number of backup codes from the set that the account began with. */
  readonly firstBackupCodes: number;
  /** `current`: the session still has the token that it began with. */
  readonly sessions: ReadonlyArray<{ readonly strong: boolean; readonly current: boolean }>;
  readonly devices: number;
  readonly rotations: number;
  readonly enabled: boolean;
  readonly passwordVersion: number;
}

const STATE = `
  SELECT a.failures, a.locked_until IS NOT NULL AS locked,
    coalesce((SELECT json_agg(guesses ORDER BY created_at, id) FROM two_factor_challenge WHERE account_id = $1), '[]')
      AS challenges,
    coalesce((SELECT json_agg(json_build_object('confirmed', confirmed_at IS NOT NULL, 'used', last_step >= 0)
      ORDER BY created_at, id) FROM two_factor_authenticator WHERE account_id = $1), '[]') AS authenticators,
    (SELECT count(*)::int FROM two_factor_otp_method WHERE account_id = $1 AND confirmed_at IS NOT NULL) AS methods,
    (SELECT count(*)::int FROM two_factor_one_time_code WHERE account_id = $1) AS codes,
    (SELECT count(*)::int FROM two_factor_backup_code WHERE account_id = $1 AND staged_for IS NULL) AS "backupCodes",
    (SELECT count(*)::int FROM two_factor_backup_code WHERE account_id = $1 AND code_hash = ANY ($3)) AS "firstBackupCodes",
    coalesce((SELECT json_agg(json_build_object('strong', second_factor_at IS NOT NULL, 'current', token_hash = $2)
      ORDER BY created_at, id) FROM sessions WHERE user_id = $1::uuid), '[]') AS sessions,
    (SELECT count(*)::int FROM two_factor_trusted_device WHERE account_id = $1) AS devices,
    (SELECT coalesce(sum(cardinality(rotated_at)), 0)::int FROM two_factor_trusted_device WHERE account_id = $1) AS rotations,
    u.two_factor_enabled AS enabled, u.password_version AS "passwordVersion"
  FROM users u JOIN two_factor_attempts a ON a.account_id = $1 AND a.scope = 'account' WHERE u.id = $1::uuid`;

export async function stateOf(
  { id, session, backupCodes }: SeededAccount,
  database: Pick<TestService, 'query'>,
): Promise<State> {
  const hashes = backupCodes.map((code) => backupCodeHash(id, code.replaceAll('-', '')));
  const [state] = await database.query<State>(STATE, [id, tokenHash(session), hashes]);
  if (!state) throw new Error('The account is gone');
  return state;
}

/** @returns whether a strong session was opened, or became strong under a new token */
export function opened(before: State, after: State): boolean {
  const under = ({ sessions }: State) => sessions.filter(({ strong, current }) => strong && !current).length;
  return under(after) > under(before);
}

/** @returns whether a factor was spent */
export function spent(before: State, after: State): boolean {
  const used = ({ authenticators }: State) => authenticators.some((a) => a.used);
  return (used(after) && !used(before)) || after.codes < before.codes || after.backupCodes < before.backupCodes;
}

/** @returns whether two-factor is on for the library */
function isOn({ authenticators, methods }: State): boolean {
  return methods > 0 || authenticators.some(({ confirmed }) => confirmed);
}

/** Changes that belong together: no request may leave only a part of them. */
export function together(before: State, after: State): ReadonlyArray<readonly [invariant: string, held: boolean]> {
  const grew = (count: (state: State) => number) => count(after) > count(before);
  const session = grew(({ sessions }) => sessions.length) || !after.sessions.some(({ current }) => current);
  const bare = after.challenges.length === 0 && after.devices === 0;
  return [
    ['two-factor is on for the host as for the library', after.enabled === isOn(after)],
    ['one authenticator is in force at most', after.authenticators.filter(({ confirmed }) => confirmed).length <= 1],
    ['a device gets its next token with a session', !grew(({ rotations }) => rotations) || session],
    ['a device is trusted with a session', !grew(({ devices }) => devices) || session],
    ['backup codes are old or new', [0, after.backupCodes].includes(after.firstBackupCodes)],
    [
      'two-factor goes with all that belonged to it',
      !before.enabled || after.enabled || (bare && after.backupCodes === 0 && after.codes === 0 && session),
    ],
    [
      'a password goes with all that rested on it',
      after.passwordVersion === before.passwordVersion || (bare && session),
    ],
  ];
}
