import { Injectable } from '@nestjs/common';
import { Database, type IncomingRequest, isToken, tokenHash, type Transaction } from '../../two-factor/index.js';
import { isUuid } from '../uuid.js';
import { SESSION_TOKEN_PREFIX, SessionCookie } from './session-cookie.js';
import { type AccountSession, type SessionRow, type SessionView, toSessionView } from './session-row.js';
import { END_ALL_BUT, END_BY_TOKENS, END_ONE, LIST } from './session.statements.js';

/** What a user sees of the own sessions, and can end. */
@Injectable()
export class SessionList {
  constructor(
    private readonly database: Database,
    private readonly cookie: SessionCookie,
  ) {}

  /** @returns the live ones, the last opened first; `token` is the session's id, which ends it and opens nothing */
  async list(userId: string): Promise<SessionView[]> {
    const rows = await this.database.query<SessionRow>(LIST, [userId]);
    return rows.map((row) => toSessionView(row, row.id));
  }

  /** @returns whether a handle or a token means the session that it is sent with */
  isOwn(handle: string, session: AccountSession): boolean {
    return handle.toLowerCase() === session.sessionId || tokenHash(handle).equals(session.tokenHash);
  }

  /** Ends a session of the user by its handle or token; silent about what is not one. */
  async endOne(userId: string, handle: string): Promise<void> {
    const id = isUuid(handle) ? handle : null;
    const hash = isToken(handle, SESSION_TOKEN_PREFIX) ? tokenHash(handle) : null;
    if (id === null && hash === null) return;
    await this.database.query(END_ONE, [userId, id, hash]);
  }

  async endAll(userId: string): Promise<void> {
    await this.database.query(END_ALL_BUT, [userId, null]);
  }

  /** @returns whether the session that was spared is still alive */
  async endOthers(session: AccountSession, transaction?: Transaction): Promise<boolean> {
    const values = [session.accountId, session.sessionId];
    const [row] = await (transaction ?? this.database).query<{ spared: boolean }>(END_ALL_BUT, values);
    return row?.spared === true;
  }

  /** Ends the session whose token came as cookie, whoever's it is: its cookie is about to be overwritten. */
  async endCookieBorne(request: IncomingRequest): Promise<void> {
    await this.endByTokens([this.cookie.tokenOf(request)]);
  }

  /** Ends every session whose token came along: as bearer token, as cookie, or both. */
  async endPresented(request: IncomingRequest, session: AccountSession | null): Promise<void> {
    await this.endByTokens([session?.view.token ?? null, this.cookie.tokenOf(request)]);
  }

  private async endByTokens(tokens: ReadonlyArray<string | null>): Promise<void> {
    const hashes = tokens.filter((token) => token !== null).map((token) => tokenHash(token));
    if (hashes.length > 0) await this.database.query(END_BY_TOKENS, [hashes]);
  }
}
