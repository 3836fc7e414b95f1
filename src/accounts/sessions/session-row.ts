import type { SessionIdentity, UserView } from '../../two-factor/index.js';
import { toUserView, type UserRow } from '../users/user-row.js';

/** A session as clients see it. */
export interface SessionView {
  readonly id: string;
  /**
   * The token, if it came as bearer token. For a session found by its cookie, and for other sessions: the id, which
   * does not sign in. A page could otherwise read the token that HttpOnly hides.
   */
  readonly token: string;
  readonly userId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Idle expiry. */
  readonly expiresAt: Date;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  /** Authentication methods by RFC 8176. */
  readonly amr: readonly string[];
  /** When the session last proved a second factor. */
  readonly secondFactorAt: Date | null;
}

/** A live session with all fields that responses need, so that no request queries it twice. */
export interface AccountSession extends SessionIdentity {
  readonly tokenHash: Buffer;
  readonly view: SessionView;
  readonly user: UserView;
}

/** What `SESSION_COLUMNS` selects. */
export interface SessionRow {
  readonly id: string;
  readonly userId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly secondFactorAt: Date | null;
  readonly amr: readonly string[];
  readonly trustedDeviceId: string | null;
}

/** The columns of a session that use never changes. The table's alias is `s`. */
export const SESSION_COLUMNS = `
  s.id, s.user_id AS "userId", s.created_at AS "createdAt", s.ip_address AS "ipAddress", s.user_agent AS "userAgent",
  s.second_factor_at AS "secondFactorAt", s.amr, s.trusted_device_id AS "trustedDeviceId"`;

/** @param token see `SessionView.token` */
export function toSessionView(row: SessionRow, token = row.id): SessionView {
  const { id, userId, createdAt, updatedAt, expiresAt, ipAddress, userAgent, amr, secondFactorAt } = row;
  return { id, token, userId, createdAt, updatedAt, expiresAt, ipAddress, userAgent, amr, secondFactorAt };
}

/** @param shownToken see `SessionView.token` */
export function toAccountSession(row: SessionRow & UserRow, tokenHash: Buffer, shownToken?: string): AccountSession {
  return {
    sessionId: row.id,
    accountId: row.userId,
    secondFactorAt: row.secondFactorAt,
    trustedDeviceId: row.trustedDeviceId,
    amr: row.amr,
    signedInAt: row.createdAt,
    tokenHash,
    view: toSessionView(row, shownToken),
    user: toUserView(row),
  };
}
