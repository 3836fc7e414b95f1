import { SESSIONS, SQL, type Group } from './our-names.js';

/** A statement of the seed, and what it makes, for people who wait. */
interface Seed {
  readonly what: string;
  /** `$1` is the number of accounts. */
  readonly text: string;
  /** `$2`, if there is one. */
  readonly takes?: 'hash' | 'sealed';
}

const users = (group: Group, on: boolean) => `
  INSERT INTO users (id, email, name, password_hash, two_factor_enabled)
  SELECT ${SQL.accountId(group, 'n')}, ${SQL.email(group, 'n')}, 'Owner', $2, ${on} FROM generate_series(0, $1::int - 1) n`;

/** A day old, so that the sessions which calls open can be told apart. */
const sessions = (group: Group, each: number, strong: boolean, numbers: string) => `
  INSERT INTO sessions (token_hash, user_id, remember_me, created_at, expires_at, absolute_expires_at, second_factor,
    second_factor_at, amr)
  SELECT ${SQL.sessionHash(group, 'n', 'k')}, ${SQL.accountId(group, 'n')}, true, now() - interval '1 day',
    now() + interval '7 days', now() + interval '29 days',
    ${strong ? `'totp', now(), '{pwd,otp,mfa}'` : `NULL, NULL, '{pwd}'`}
  FROM ${numbers} n, generate_series(0, ${each - 1}) k`;

/** Accounts with two-factor on. */
export const ENROLLED: readonly Seed[] = [
  { what: 'users', text: users('on', true), takes: 'hash' },
  {
    what: 'counters of guesses',
    text: `INSERT INTO two_factor_attempts (account_id)
      SELECT ${SQL.accountId('on', 'n')}::text FROM generate_series(0, $1::int - 1) n`,
  },
  { what: `${SESSIONS} sessions an account`, text: sessions('on', SESSIONS, true, 'generate_series(0, $1::int - 1)') },
  {
    what: 'authenticator apps',
    takes: 'sealed',
    text: `INSERT INTO two_factor_authenticator (id, account_id, secret, kid, issuer, label, confirmed_at)
      SELECT ${SQL.authenticatorId('on', 'n')}, ${SQL.accountId('on', 'n')}::text, $2, split_part($2, '.', 1),
        'Two factor', ${SQL.email('on', 'n')}, now()
      FROM generate_series(0, $1::int - 1) n`,
  },
  {
    what: 'mailed codes as a factor',
    text: `INSERT INTO two_factor_otp_method (id, account_id, channel, confirmed_at)
      SELECT ${SQL.methodId('n')}, ${SQL.accountId('on', 'n')}::text, 'mail', now() FROM generate_series(0, $1::int - 1) n`,
  },
  {
    what: 'ten backup codes an account',
    text: `INSERT INTO two_factor_backup_code (account_id, code_hash)
      SELECT ${SQL.accountId('on', 'n')}::text, ${SQL.backupCodeHash('on', 'n', 'k')}
      FROM generate_series(0, $1::int - 1) n, generate_series(0, 9) k`,
  },
];

/** Accounts with two-factor off. */
export const OFF: readonly Seed[] = [
  { what: 'users', text: users('off', false), takes: 'hash' },
  {
    what: 'counters of guesses',
    text: `INSERT INTO two_factor_attempts (account_id)
      SELECT ${SQL.accountId('off', 'n')}::text FROM generate_series(0, $1::int - 1) n`,
  },
];

/**
 * Empties what calls leave behind: challenges with their codes, budgets, messages of the outbox that nothing sends. A table
 * that a version of the library lacks is passed over.
 */
export const CLEAR = `
  DO $$
  DECLARE
    name text;
  BEGIN
    FOREACH name IN ARRAY ARRAY['two_factor_one_time_code', 'two_factor_challenge', 'two_factor_send_budget',
      'two_factor_notice_budget', 'two_factor_pending_notice', 'two_factor_outbox']
    LOOP
      IF to_regclass(name) IS NOT NULL THEN EXECUTE format('TRUNCATE %s CASCADE', name); END IF;
    END LOOP;
  END $$`;

/** Ends the sessions that calls opened. `$1` accounts. */
export const END_SESSIONS = `
  DELETE FROM sessions WHERE user_id = ANY ($1::uuid[]) AND created_at > now() - interval '20 hours'`;

/** Every code of these numbers is good again. */
export const RESET_BACKUP_CODES = `
  INSERT INTO two_factor_backup_code (account_id, code_hash)
  SELECT ${SQL.accountId('on', 'n')}::text, ${SQL.backupCodeHash('on', 'n', 'k')}
  FROM unnest($1::bigint[]) n, generate_series(0, 9) k
  ON CONFLICT DO NOTHING`;

/** Challenges of accounts, numbered from `$2`. */
export const CHALLENGES = `
  INSERT INTO two_factor_challenge (id, token_hash, account_id, context, expires_at)
  SELECT ${SQL.challengeId('($2::bigint + place - 1)')}, ${SQL.challengeHash('$2::bigint + place - 1')}, account,
    '{"rememberMe": true, "passwordVersion": 1}', now() + interval '10 minutes'
  FROM unnest($1::text[]) WITH ORDINALITY AS c (account, place)`;

const OFF_IDS = `SELECT ${SQL.accountId('off', 'n')}::text FROM unnest($1::bigint[]) n`;

/** Turns two-factor off again, and gives each of these numbers its first session. */
export const RESET_OFF: readonly string[] = [
  `DELETE FROM two_factor_authenticator WHERE account_id IN (${OFF_IDS})`,
  `DELETE FROM two_factor_backup_code WHERE account_id IN (${OFF_IDS})`,
  `UPDATE users SET two_factor_enabled = false
   WHERE two_factor_enabled AND id IN (SELECT ${SQL.accountId('off', 'n')} FROM unnest($1::bigint[]) n)`,
  `DELETE FROM sessions WHERE user_id IN (SELECT ${SQL.accountId('off', 'n')} FROM unnest($1::bigint[]) n)`,
  sessions('off', 1, false, 'unnest($1::bigint[])'),
];

/** An authenticator app, staged by that session, with ten backup codes. `$2` the sealed secrets. */
export const STAGE_AUTHENTICATORS = `
  WITH staged AS (
    INSERT INTO two_factor_authenticator (id, account_id, secret, kid, issuer, label, staged_by, staged_until)
    SELECT ${SQL.authenticatorId('off', 'n')}, ${SQL.accountId('off', 'n')}::text, s.secret, split_part(s.secret, '.', 1),
      'Two factor', ${SQL.email('off', 'n')}, sessions.id::text, now() + interval '15 minutes'
    FROM unnest($1::bigint[], $2::text[]) AS s (n, secret) JOIN sessions ON sessions.user_id = ${SQL.accountId('off', 'n')}
  )
  INSERT INTO two_factor_backup_code (account_id, code_hash, staged_for)
  SELECT ${SQL.accountId('off', 'n')}::text, ${SQL.backupCodeHash('off', 'n', 'k')}, ${SQL.authenticatorId('off', 'n')}
  FROM unnest($1::bigint[]) n, generate_series(0, 9) k`;
