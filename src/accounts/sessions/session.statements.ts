import { statement } from '../../two-factor/index.js';
import { USER_COLUMNS } from '../users/user-row.js';
import { ABSOLUTE_LIFE, BROWSER_LIFE, IDLE_LIFE, TOUCH_INTERVAL } from './session-life.js';
import { SESSION_COLUMNS } from './session-row.js';

/** Seconds that the cookie lives: as long as the session can at most; null ends it with the browser. */
const COOKIE_MAX_AGE = `
  CASE WHEN s.remember_me THEN round(extract(epoch FROM s.absolute_expires_at - now()))::int END AS "cookieMaxAge"`;

/** `$1` token hash. Moves the expiry when that is due. */
export const IDENTIFY = statement(
  'accounts.identify_session',
  `WITH touched AS (
     UPDATE sessions
     SET updated_at = now(), expires_at = LEAST(now() + ${IDLE_LIFE}, absolute_expires_at)
     WHERE token_hash = $1 AND expires_at > now() AND updated_at < now() - ${TOUCH_INTERVAL}
     RETURNING id, updated_at, expires_at
   )
   SELECT ${SESSION_COLUMNS},
     coalesce(t.updated_at, s.updated_at) AS "updatedAt", coalesce(t.expires_at, s.expires_at) AS "expiresAt",
     ${USER_COLUMNS}
   FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN touched t ON t.id = s.id
   WHERE s.token_hash = $1 AND s.expires_at > now()`,
);

/**
 * `$1` user, `$2` version of the password that the sign-in began with or null, `$3` token hash, `$4` remember me,
 * `$5` address, `$6` user agent, `$7` second factor or null, `$8` how that was proven, `$9` trusted device or null.
 *
 * FOR SHARE makes it wait for a password that is just being changed, and see the new version: whoever signed in with
 * the old one gets no row. Dead sessions of the user are swept out on the way, those in other hands left alone.
 */
export const ISSUE = statement(
  'accounts.issue_session',
  `WITH owner AS (
     SELECT id FROM users WHERE id = $1 AND ($2::int IS NULL OR password_version = $2) FOR SHARE
   ), s AS (
     INSERT INTO sessions (token_hash, user_id, remember_me, expires_at, absolute_expires_at,
       ip_address, user_agent, second_factor, second_factor_at, amr, trusted_device_id)
     SELECT $3::bytea, id, $4::boolean,
       now() + CASE WHEN $4::boolean THEN ${IDLE_LIFE} ELSE ${BROWSER_LIFE} END,
       now() + CASE WHEN $4::boolean THEN ${ABSOLUTE_LIFE} ELSE ${BROWSER_LIFE} END,
       $5, $6, $7::text, CASE WHEN $7::text IS NOT NULL THEN now() END, ARRAY['pwd'] || $8::text[], $9::uuid
     FROM owner
     RETURNING *
   ), swept AS (
     DELETE FROM sessions WHERE id IN (
       SELECT id FROM sessions WHERE user_id = $1 AND expires_at <= now() FOR UPDATE SKIP LOCKED
     )
   )
   SELECT ${SESSION_COLUMNS}, s.updated_at AS "updatedAt", s.expires_at AS "expiresAt", ${COOKIE_MAX_AGE},
     ${USER_COLUMNS}
   FROM s JOIN users u ON u.id = s.user_id`,
);

/**
 * `$1` session, `$2` user, `$3` hash of the token in use or null for any, `$4` hash of the new token, `$5` second
 * factor or null, `$6` whether to end the others, `$7` address, `$8` user agent, `$9` how that was proven, `$10` a device
 * that is trusted from now on or null.
 *
 * Rows are locked in one order, or two sessions that end each other would wait for each other.
 */
export const RENEW = statement(
  'accounts.renew_session',
  `WITH locked AS (
     SELECT id FROM sessions WHERE user_id = $2 AND (id = $1 OR $6::boolean) ORDER BY id FOR UPDATE
   ), s AS (
     UPDATE sessions
     SET token_hash = $4, updated_at = now(), expires_at = LEAST(now() + ${IDLE_LIFE}, absolute_expires_at),
       ip_address = $7, user_agent = $8, second_factor = coalesce($5::text, second_factor),
       second_factor_at = CASE WHEN $5::text IS NULL THEN second_factor_at ELSE now() END,
       amr = CASE WHEN $5::text IS NULL THEN amr ELSE ARRAY['pwd'] || $9::text[] END,
       trusted_device_id = coalesce($10::uuid, trusted_device_id)
     FROM locked
     WHERE sessions.id = locked.id AND sessions.id = $1 AND expires_at > now()
       AND ($3::bytea IS NULL OR token_hash = $3)
     RETURNING sessions.*
   ), ended AS (
     DELETE FROM sessions USING locked, s WHERE sessions.id = locked.id AND sessions.id <> s.id
   )
   SELECT ${SESSION_COLUMNS}, s.updated_at AS "updatedAt", s.expires_at AS "expiresAt", ${COOKIE_MAX_AGE},
     ${USER_COLUMNS}
   FROM s JOIN users u ON u.id = s.user_id`,
);

/**
 * `$1` session, `$2` hash of the token that it was found by. One row while that is its token. FOR SHARE: nothing ends the
 * session, and nothing gives it another token, before the transaction ends.
 */
export const HOLD = statement(
  'accounts.hold_session',
  `SELECT id FROM sessions WHERE id = $1 AND token_hash = $2 AND expires_at > now() FOR SHARE`,
);

/** `$1` user, `$2` trusted device. Locks as `RENEW` does. */
export const END_DEVICE = statement(
  'accounts.end_device_sessions',
  `WITH locked AS (
     SELECT id FROM sessions WHERE user_id = $1 AND trusted_device_id = $2 ORDER BY id FOR UPDATE
   )
   DELETE FROM sessions USING locked WHERE sessions.id = locked.id`,
);

/** `$1` session. */
export const END = statement('accounts.end_session', `DELETE FROM sessions WHERE id = $1`);

/** `$1` token hashes. Gives the ids of the sessions that it ended. Locks as `RENEW` does. */
export const END_BY_TOKENS = statement(
  'accounts.end_by_tokens',
  `WITH locked AS (
     SELECT id FROM sessions WHERE token_hash = ANY ($1) ORDER BY id FOR UPDATE
   )
   DELETE FROM sessions USING locked WHERE sessions.id = locked.id RETURNING sessions.id`,
);

/** `$1` user, `$2` session or null, `$3` token hash or null. A row says whether the session that it ended was alive. */
export const END_ONE = statement(
  'accounts.end_one_session',
  `DELETE FROM sessions WHERE user_id = $1 AND (id = $2 OR token_hash = $3) RETURNING expires_at > now() AS alive`,
);

/**
 * `$1` user, `$2` the session to spare or null for none. Says whether that one lives, and how many live ones ended. Locks as
 * `RENEW` does.
 */
export const END_ALL_BUT = statement(
  'accounts.end_all_but',
  `WITH locked AS (
     SELECT id, expires_at FROM sessions WHERE user_id = $1 ORDER BY id FOR UPDATE
   ), ended AS (
     DELETE FROM sessions USING locked WHERE sessions.id = locked.id AND sessions.id IS DISTINCT FROM $2::uuid
   )
   SELECT EXISTS (SELECT FROM locked WHERE id = $2 AND expires_at > now()) AS spared,
     (SELECT count(*)::int FROM locked WHERE id IS DISTINCT FROM $2::uuid AND expires_at > now()) AS ended`,
);

/** `$1` user. */
export const LIST = statement(
  'accounts.list_sessions',
  `SELECT ${SESSION_COLUMNS}, s.updated_at AS "updatedAt", s.expires_at AS "expiresAt"
   FROM sessions s WHERE s.user_id = $1 AND s.expires_at > now() ORDER BY s.created_at DESC, s.id`,
);
