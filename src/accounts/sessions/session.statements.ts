import { statement } from '../../two-factor/index.js';
import { USER_COLUMNS, type UserRow } from '../users/user-row.js';
import { ABSOLUTE_LIFE, BROWSER_LIFE, IDLE_LIFE, TOUCH_INTERVAL } from './session-life.js';
import { SESSION_COLUMNS, type SessionRow } from './session-row.js';

/** Seconds that the cookie lives: as long as the session can at most; null ends it with the browser. */
const COOKIE_MAX_AGE = `
  CASE WHEN s.remember_me THEN round(extract(epoch FROM s.absolute_expires_at - now()))::int END AS "cookieMaxAge"`;

/** Moves the expiry when that is due. */
export const IDENTIFY = statement<SessionRow & UserRow, { readonly tokenHash: Buffer }>(
  'accounts.identify_session',
  `WITH touched AS (
     UPDATE sessions
     SET updated_at = now(), expires_at = LEAST(now() + ${IDLE_LIFE}, absolute_expires_at)
     WHERE token_hash = $tokenHash AND expires_at > now() AND updated_at < now() - ${TOUCH_INTERVAL}
     RETURNING id, updated_at, expires_at
   )
   SELECT ${SESSION_COLUMNS},
     coalesce(t.updated_at, s.updated_at) AS "updatedAt", coalesce(t.expires_at, s.expires_at) AS "expiresAt",
     ${USER_COLUMNS}
   FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN touched t ON t.id = s.id
   WHERE s.token_hash = $tokenHash AND s.expires_at > now()`,
);

/** A session that was opened or renewed. */
export interface IssuedRow extends SessionRow, UserRow {
  /** In seconds; null ends the cookie with the browser. */
  readonly cookieMaxAge: number | null;
}

export interface IssueValues {
  readonly accountId: string;
  /** Of the password that the sign-in began with; null where there was none. */
  readonly passwordVersion: number | null;
  readonly tokenHash: Buffer;
  readonly rememberMe: boolean;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly secondFactor: string | null;
  /** How the second factor was proven, in words of RFC 8176. */
  readonly amr: readonly string[];
  readonly trustedDeviceId: string | null;
}

/**
 * FOR SHARE makes it wait for a password that is just being changed, and see the new version: whoever signed in with
 * the old one gets no row. Dead sessions of the user are swept out on the way, those in other hands left alone.
 */
export const ISSUE = statement<IssuedRow, IssueValues>(
  'accounts.issue_session',
  `WITH owner AS (
     SELECT id FROM users
     WHERE id = $accountId AND ($passwordVersion::int IS NULL OR password_version = $passwordVersion) FOR SHARE
   ), s AS (
     INSERT INTO sessions (token_hash, user_id, remember_me, expires_at, absolute_expires_at,
       ip_address, user_agent, second_factor, second_factor_at, amr, trusted_device_id)
     SELECT $tokenHash::bytea, id, $rememberMe::boolean,
       now() + CASE WHEN $rememberMe::boolean THEN ${IDLE_LIFE} ELSE ${BROWSER_LIFE} END,
       now() + CASE WHEN $rememberMe::boolean THEN ${ABSOLUTE_LIFE} ELSE ${BROWSER_LIFE} END,
       $ipAddress, $userAgent, $secondFactor::text, CASE WHEN $secondFactor::text IS NOT NULL THEN now() END,
       ARRAY['pwd'] || $amr::text[], $trustedDeviceId::uuid
     FROM owner
     RETURNING *
   ), swept AS (
     DELETE FROM sessions WHERE id IN (
       SELECT id FROM sessions WHERE user_id = $accountId AND expires_at <= now() FOR UPDATE SKIP LOCKED
     )
   )
   SELECT ${SESSION_COLUMNS}, s.updated_at AS "updatedAt", s.expires_at AS "expiresAt", ${COOKIE_MAX_AGE},
     ${USER_COLUMNS}
   FROM s JOIN users u ON u.id = s.user_id`,
);

export interface RenewValues {
  readonly sessionId: string;
  readonly accountId: string;
  /** Of the token in use; null for any. */
  readonly tokenHash: Buffer | null;
  readonly newTokenHash: Buffer;
  /** The second factor just proven; null leaves the session's strength as it is. */
  readonly secondFactor: string | null;
  /** How the second factor was proven, in words of RFC 8176. */
  readonly amr: readonly string[];
  /** Ends all other sessions of the account. */
  readonly endOthers: boolean;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  /** The device that is trusted from now on; null leaves what the session knows as it is. */
  readonly trustedDeviceId: string | null;
}

/** Rows are locked in one order, or two sessions that end each other would wait for each other. */
export const RENEW = statement<IssuedRow, RenewValues>(
  'accounts.renew_session',
  `WITH locked AS (
     SELECT id FROM sessions WHERE user_id = $accountId AND (id = $sessionId OR $endOthers::boolean) ORDER BY id FOR UPDATE
   ), s AS (
     UPDATE sessions
     SET token_hash = $newTokenHash, updated_at = now(), expires_at = LEAST(now() + ${IDLE_LIFE}, absolute_expires_at),
       ip_address = $ipAddress, user_agent = $userAgent, second_factor = coalesce($secondFactor::text, second_factor),
       second_factor_at = CASE WHEN $secondFactor::text IS NULL THEN second_factor_at ELSE now() END,
       amr = CASE WHEN $secondFactor::text IS NULL THEN amr ELSE ARRAY['pwd'] || $amr::text[] END,
       trusted_device_id = coalesce($trustedDeviceId::uuid, trusted_device_id)
     FROM locked
     WHERE sessions.id = locked.id AND sessions.id = $sessionId AND expires_at > now()
       AND ($tokenHash::bytea IS NULL OR token_hash = $tokenHash)
     RETURNING sessions.*
   ), ended AS (
     DELETE FROM sessions USING locked, s WHERE sessions.id = locked.id AND sessions.id <> s.id
   )
   SELECT ${SESSION_COLUMNS}, s.updated_at AS "updatedAt", s.expires_at AS "expiresAt", ${COOKIE_MAX_AGE},
     ${USER_COLUMNS}
   FROM s JOIN users u ON u.id = s.user_id`,
);

export interface HoldValues {
  readonly sessionId: string;
  /** Of the token that the session was found by. */
  readonly tokenHash: Buffer;
}

/**
 * One row while the session has that token. FOR SHARE: nothing ends the session, and nothing gives it another token, before
 * the transaction ends.
 */
export const HOLD = statement<{ readonly id: string }, HoldValues>(
  'accounts.hold_session',
  `SELECT id FROM sessions WHERE id = $sessionId AND token_hash = $tokenHash AND expires_at > now() FOR SHARE`,
);

/** Locks as `RENEW` does. */
export const END_DEVICE = statement<object, { readonly accountId: string; readonly trustedDeviceId: string }>(
  'accounts.end_device_sessions',
  `WITH locked AS (
     SELECT id FROM sessions WHERE user_id = $accountId AND trusted_device_id = $trustedDeviceId ORDER BY id FOR UPDATE
   )
   DELETE FROM sessions USING locked WHERE sessions.id = locked.id`,
);

export const END = statement<object, { readonly sessionId: string }>(
  'accounts.end_session',
  `DELETE FROM sessions WHERE id = $sessionId`,
);

/** Gives the ids of the sessions that it ended. Locks as `RENEW` does. */
export const END_BY_TOKENS = statement<{ readonly id: string }, { readonly tokenHashes: readonly Buffer[] }>(
  'accounts.end_by_tokens',
  `WITH locked AS (
     SELECT id FROM sessions WHERE token_hash = ANY ($tokenHashes) ORDER BY id FOR UPDATE
   )
   DELETE FROM sessions USING locked WHERE sessions.id = locked.id RETURNING sessions.id`,
);

/** A session by its id or by its token; null matches none. */
export interface EndOneValues {
  readonly accountId: string;
  readonly sessionId: string | null;
  readonly tokenHash: Buffer | null;
}

/** A row says whether the session that it ended was alive. */
export const END_ONE = statement<{ readonly alive: boolean }, EndOneValues>(
  'accounts.end_one_session',
  `DELETE FROM sessions WHERE user_id = $accountId AND (id = $sessionId OR token_hash = $tokenHash)
   RETURNING expires_at > now() AS alive`,
);

export interface EndAllButValues {
  readonly accountId: string;
  /** Id of the session that stays; null for none. */
  readonly spared: string | null;
}

/** What came of ending the sessions of an account. */
export interface EndedAll {
  /** Whether the session that stays lives. */
  readonly spared: boolean;
  /** How many live sessions ended. */
  readonly ended: number;
}

/** Always one row. Locks as `RENEW` does. */
export const END_ALL_BUT = statement<EndedAll, EndAllButValues>(
  'accounts.end_all_but',
  `WITH locked AS (
     SELECT id, expires_at FROM sessions WHERE user_id = $accountId ORDER BY id FOR UPDATE
   ), ended AS (
     DELETE FROM sessions USING locked WHERE sessions.id = locked.id AND sessions.id IS DISTINCT FROM $spared::uuid
   )
   SELECT EXISTS (SELECT FROM locked WHERE id = $spared AND expires_at > now()) AS spared,
     (SELECT count(*)::int FROM locked WHERE id IS DISTINCT FROM $spared::uuid AND expires_at > now()) AS ended`,
);

export const LIST = statement<SessionRow, { readonly accountId: string }>(
  'accounts.list_sessions',
  `SELECT ${SESSION_COLUMNS}, s.updated_at AS "updatedAt", s.expires_at AS "expiresAt"
   FROM sessions s WHERE s.user_id = $accountId AND s.expires_at > now() ORDER BY s.created_at DESC, s.id`,
);
