import type { SessionIdentity, UserView } from '../../two-factor/index.js';
import { toUserView, type UserRow } from '../users/user-row.js';

/** A session as clients see it. */
export interface SessionView {
  readonly id: string;
  /**
   * The token, where it came as bearer token. Of a session found by its cookie, and of others, the id, which opens nothing:
   * a page could read here what HttpOnly hides from it.
   */
  readonly token: string;
  readonly userId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When it ends if nobody uses it before. */
  readonly expiresAt: Date;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  /** How it was proven, in words of RFC 8176. */
  readonly amr: readonly string[];
  /** When the second factor was last proven on it. */
  readonly secondFactorAt: Date | null;
}

/** A live session with all that answers need, so that no request looks it up twice. */
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

/** The columns of a session that never change while it is used; the table goes by `s`. */
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
    tokenHash,
    view: toSessionView(row, shownToken),
    user: toUserView(row),
  };
}
