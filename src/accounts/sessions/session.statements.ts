import { prune, statement } from '../../two-factor/index.js';
import { USER_COLUMNS, type UserRow } from '../users/user-row.js';
import { ABSOLUTE_LIFE, BROWSER_LIFE, IDLE_LIFE, TOUCH_INTERVAL } from './session-life.js';
import { SESSION_COLUMNS, type SessionRow } from './session-row.js';

/** Cookie lifetime in seconds: the longest lifetime of the session; null for a cookie that ends with the browser. */
const COOKIE_MAX_AGE = `
  CASE WHEN s.remember_me THEN round(extract(epoch FROM s.absolute_expires_at - now()))::int END AS "cookieMaxAge"`;

/** Extends the idle expiry when that is due. */
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
  /** How the first factor was proven, in words of RFC 8176; empty where a passkey came in its place. */
  readonly firstFactor: readonly string[];
  /** How the second factor was proven, in words of RFC 8176. */
  readonly amr: readonly string[];
  readonly trustedDeviceId: string | null;
}

/**
 * Opens a session if the password version is unchanged. FOR SHARE waits for a concurrent change of the password and
 * sees the new version: a sign-in with the old password gets no row. Also deletes the user's expired sessions, but
 * skips rows that another transaction has locked.
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
       $firstFactor::text[] || $amr::text[], $trustedDeviceId::uuid
     FROM owner
     RETURNING *
   )
   SELECT ${SESSION_COLUMNS}, s.updated_at AS "updatedAt", s.expires_at AS "expiresAt", ${COOKIE_MAX_AGE},
     ${USER_COLUMNS}
   FROM s JOIN users u ON u.id = s.user_id`,
);

export interface RenewValues {
  readonly sessionId: string;
  readonly accountId: string;
  /** Hash of the token in use; null matches any. */
  readonly tokenHash: Buffer | null;
  readonly newTokenHash: Buffer;
  /** The second factor just proven; null keeps the session's strength. */
  readonly secondFactor: string | null;
  /** Authentication methods of the second factor by RFC 8176. */
  readonly amr: readonly string[];
  /** Ends all other sessions of the account. */
  readonly endOthers: boolean;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  /** The new trusted device; null keeps the session's value. */
  readonly trustedDeviceId: string | null;
}

/**
 * Locks rows in a fixed order. Otherwise two sessions that end each other deadlock.
 *
 * `pwd` stays in `amr` only where it was: a session that a passkey opened on its own knows no password.
 */
export const RENEW = statement<IssuedRow, RenewValues>(
  'accounts.renew_session',
  `WITH locked AS (
     SELECT id FROM sessions WHERE user_id = $accountId AND (id = $sessionId OR $endOthers::boolean) ORDER BY id FOR UPDATE
   ), s AS (
     UPDATE sessions
     SET token_hash = $newTokenHash, updated_at = now(), expires_at = LEAST(now() + ${IDLE_LIFE}, absolute_expires_at),
       ip_address = $ipAddress, user_agent = $userAgent, second_factor = coalesce($secondFactor::text, second_factor),
       second_factor_at = CASE WHEN $secondFactor::text IS NULL THEN second_factor_at ELSE now() END,
       amr = CASE
         WHEN $secondFactor::text IS NULL THEN amr
         ELSE CASE WHEN 'pwd' = ANY (amr) THEN ARRAY['pwd'] ELSE '{}'::text[] END || $amr::text[]
       END,
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
  /** Hash of the token that found the session. */
  readonly tokenHash: Buffer;
}

/**
 * Returns one row if the session still has that token. FOR SHARE prevents the end and the renewal of the session before
 * the transaction ends.
 */
export const HOLD = statement<{ readonly id: string }, HoldValues>(
  'accounts.hold_session',
  `SELECT id FROM sessions WHERE id = $sessionId AND token_hash = $tokenHash AND expires_at > now() FOR SHARE`,
);

/** Locks in the order of `RENEW`. */
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

/** Returns the ids of the ended sessions. Locks in the order of `RENEW`. */
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

/** Each row shows whether the ended session was live. */
export const END_ONE = statement<{ readonly alive: boolean }, EndOneValues>(
  'accounts.end_one_session',
  `DELETE FROM sessions WHERE user_id = $accountId AND (id = $sessionId OR token_hash = $tokenHash)
   RETURNING expires_at > now() AS alive`,
);

export interface EndAllButValues {
  readonly accountId: string;
  /** Id of the session that stays live; null for none. */
  readonly spared: string | null;
}

/** Result of ending the sessions of an account. */
export interface EndedAll {
  /** Whether the session to keep is live. */
  readonly spared: boolean;
  /** Number of live sessions that ended. */
  readonly ended: number;
}

/** Returns exactly one row. Locks in the order of `RENEW`. */
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

/** Sessions whose absolute lifetime is over. Those that were idle for too long stay until then, and open nothing. */
export const PRUNE_SESSIONS = prune('sessions', 'id', 'absolute_expires_at');
