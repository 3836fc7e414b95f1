import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { Database, type IncomingRequest, isToken, tokenHash } from '../../two-factor/index.js';
import { SESSION_TOKEN_PREFIX, SessionCookie } from './session-cookie.js';
import { type AccountSession, type SessionView, toSessionView } from './session-row.js';
import { END_ALL_BUT, END_BY_TOKENS, END_ONE, LIST } from './session.statements.js';

/** Lists a user's sessions and ends them. */
@Injectable()
export class SessionList {
  constructor(
    private readonly database: Database,
    private readonly cookie: SessionCookie,
  ) {}

  /**
   * @returns the live sessions, the newest first; `token` is the session's id, which ends the session and does not sign
   *   in
   */
  async list(userId: string): Promise<SessionView[]> {
    const rows = await this.database.query(LIST, { accountId: userId });
    return rows.map((row) => toSessionView(row));
  }

  /** @returns whether a handle or a token belongs to the current session */
  isOwn(handle: string, session: AccountSession): boolean {
    return handle.toLowerCase() === session.sessionId || tokenHash(handle).equals(session.tokenHash);
  }

  /**
   * Ends a session of the user by its handle or token. Does nothing for any other text.
   *
   * @returns how many live sessions ended
   */
  async endOne(userId: string, handle: string): Promise<number> {
    // Checked first: a query of a `uuid` column with any other text is an error, not an empty result.
    const id = isUUID(handle, 'loose') ? handle : null;
    const hash = isToken(handle, SESSION_TOKEN_PREFIX) ? tokenHash(handle) : null;
    if (id === null && hash === null) return 0;
    const rows = await this.database.query(END_ONE, { accountId: userId, sessionId: id, tokenHash: hash });
    return rows.filter(({ alive }) => alive).length;
  }

  /**
   * @param spared id of the session that stays live
   * @returns how many live sessions ended
   */
  async endAll(userId: string, spared: string | null = null): Promise<number> {
    const [row] = await this.database.query(END_ALL_BUT, { accountId: userId, spared });
    return row?.ended ?? 0;
  }

  /** Ends the session of the cookie's token, of any account: the response overwrites that cookie. */
  async endCookieBorne(request: IncomingRequest): Promise<void> {
    const token = this.cookie.tokenOf(request);
    if (token !== null) await this.database.query(END_BY_TOKENS, { tokenHashes: [tokenHash(token)] });
  }

  /**
   * Ends every session whose token the request carries, of any account.
   *
   * @returns the sessions that this call ended, without those that a concurrent call ended
   */
  async endPresented(sessions: readonly AccountSession[]): Promise<AccountSession[]> {
    if (sessions.length === 0) return [];
    const tokenHashes = sessions.map((session) => session.tokenHash);
    const rows = await this.database.query(END_BY_TOKENS, { tokenHashes });
    return sessions.filter(({ sessionId }) => rows.some(({ id }) => id === sessionId));
  }
}
