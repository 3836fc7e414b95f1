import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import {
  Database,
  type IncomingRequest,
  type IssuedSession,
  isToken,
  newToken,
  Random,
  type SessionCarrier,
  SessionGateway,
  type SessionGrant,
  type SessionIdentity,
  type SessionRenewal,
  tokenHash,
  type Transaction,
  TwoFactorException,
} from '../../two-factor/index.js';
import { toUserView } from '../users/user-row.js';
import { SESSION_TOKEN_PREFIX, SessionCookie } from './session-cookie.js';
import { type AccountSession, toAccountSession } from './session-row.js';
import {
  END,
  END_ALL_BUT,
  END_DEVICE,
  HOLD,
  IDENTIFY,
  ISSUE,
  type IssuedRow,
  type IssueValues,
  RENEW,
} from './session.statements.js';

/** Maximum stored length of `User-Agent`; clients may send kilobytes. */
const USER_AGENT_LENGTH = 512;

/**
 * Implements the sessions' port on Postgres: opaque tokens, of which only the hash is stored; one statement per method.
 */
@Injectable()
export class PostgresSessions extends SessionGateway {
  override readonly transactional = true;

  constructor(
    private readonly database: Database,
    private readonly random: Random,
    private readonly cookie: SessionCookie,
  ) {
    super();
  }

  override async identify(request: IncomingRequest, carrier: SessionCarrier): Promise<AccountSession | null> {
    const token = carrier.carrier === 'authorization' ? carrier.token : this.cookie.tokenOf(request);
    if (token === null || !isToken(token, SESSION_TOKEN_PREFIX)) return null;
    const hash = tokenHash(token);
    const [row] = await this.database.query(IDENTIFY, { tokenHash: hash });
    return row ? toAccountSession(row, hash, carrier.carrier === 'authorization' ? token : undefined) : null;
  }

  /**
   * @throws {TwoFactorException} UNAUTHORIZED when the account was deleted, or its password changed since the sign-in
   *   began
   */
  override async issue(grant: SessionGrant, transaction?: Transaction): Promise<IssuedSession> {
    const { rememberMe, passwordVersion } = grant.context;
    const token = newToken(this.random, SESSION_TOKEN_PREFIX);
    const [row] = isUUID(grant.accountId, 'loose')
      ? await (transaction ?? this.database).query(ISSUE, {
          accountId: grant.accountId,
          passwordVersion: typeof passwordVersion === 'number' ? passwordVersion : null,
          tokenHash: tokenHash(token),
          rememberMe: rememberMe !== false,
          ...origin(grant.request),
          secondFactor: grant.secondFactor,
          firstFactor: grant.alone ? [] : ['pwd'],
          amr: grant.amr,
          trustedDeviceId: grant.trustedDeviceId,
        })
      : [];
    if (!row) throw new TwoFactorException('UNAUTHORIZED', { bearerError: '' });
    return this.issued(row, token);
  }

  /** Requires the token that found the session: of two parallel renewals, one returns null instead of a dead token. */
  override async renew(renewal: SessionRenewal, transaction?: Transaction): Promise<IssuedSession | null> {
    const { session, secondFactor, amr, trustedDeviceId, endOthers, request } = renewal;
    const token = newToken(this.random, SESSION_TOKEN_PREFIX);
    const [row] = await (transaction ?? this.database).query(RENEW, {
      sessionId: session.sessionId,
      accountId: session.accountId,
      tokenHash: isAccountSession(session) ? session.tokenHash : null,
      newTokenHash: tokenHash(token),
      secondFactor,
      endOthers,
      ...origin(request),
      amr,
      trustedDeviceId,
    });
    return row ? this.issued(row, token) : null;
  }

  override async holds(session: SessionIdentity, transaction?: Transaction): Promise<boolean> {
    if (!isAccountSession(session)) return false;
    const rows = await (transaction ?? this.database).query(HOLD, {
      sessionId: session.sessionId,
      tokenHash: session.tokenHash,
    });
    return rows.length > 0;
  }

  override async end(session: SessionIdentity, transaction?: Transaction): Promise<void> {
    await (transaction ?? this.database).query(END, { sessionId: session.sessionId });
  }

  override async endAll(accountId: string, transaction?: Transaction): Promise<void> {
    if (isUUID(accountId, 'loose'))
      await (transaction ?? this.database).query(END_ALL_BUT, { accountId, spared: null });
  }

  override async endDevice(accountId: string, trustedDeviceId: string, transaction?: Transaction): Promise<void> {
    if (!isUUID(accountId, 'loose')) return;
    await (transaction ?? this.database).query(END_DEVICE, { accountId, trustedDeviceId });
  }

  private issued(row: IssuedRow, token: string): IssuedSession {
    return {
      token,
      sessionId: row.id,
      session: { token, userId: row.userId, createdAt: row.createdAt, expiresAt: row.expiresAt },
      user: toUserView(row),
      headers: [
        ['set-cookie', this.cookie.of(token, row.cookieMaxAge)],
        // The header from which the official client's bearer plug-in stores the token.
        ['set-auth-token', token],
      ],
    };
  }
}

function isAccountSession(session: SessionIdentity): session is AccountSession {
  return 'tokenHash' in session;
}

function origin({ ip, userAgent }: IncomingRequest): Pick<IssueValues, 'ipAddress' | 'userAgent'> {
  return { ipAddress: ip ?? null, userAgent: userAgent?.slice(0, USER_AGENT_LENGTH) ?? null };
}
