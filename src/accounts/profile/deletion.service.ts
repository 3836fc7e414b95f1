import { Injectable } from '@nestjs/common';
import {
  Database,
  type HttpExchange,
  originOf,
  EventLog,
  TwoFactorException,
  TwoFactorService,
} from '../../two-factor/index.js';
import { AccountLinks } from '../links/account-links.service.js';
import { AccountUrls } from '../links/account-urls.js';
import { OwnPassword } from '../passwords/own-password.service.js';
import { SessionCookie } from '../sessions/session-cookie.js';
import type { AccountSession } from '../sessions/session-row.js';
import type { DeleteUserRequest } from './profile.dto.js';
import { DELETE_USER } from './profile.statements.js';

/** Deletes accounts with all their data. */
@Injectable()
export class DeletionService {
  constructor(
    private readonly database: Database,
    private readonly password: OwnPassword,
    private readonly twoFactor: TwoFactorService,
    private readonly links: AccountLinks,
    private readonly urls: AccountUrls,
    private readonly cookie: SessionCookie,
    private readonly events: EventLog,
  ) {}

  /**
   * @throws {AccountsException} INVALID_CALLBACK_URL
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, INVALID_PASSWORD, TOO_MANY_REQUESTS; UNAUTHORIZED when session,
   *   password or two-factor changed meanwhile
   */
  async delete(body: DeleteUserRequest, session: AccountSession, exchange: HttpExchange): Promise<void> {
    this.urls.callback(body.callbackURL);
    await this.twoFactor.requireStrong(session);
    const { passwordVersion } = await this.password.require(session, body.password, exchange);
    const { accountId, sessionId, tokenHash } = session;
    await this.database.transaction(async (transaction) => {
      await this.twoFactor.requireStrong(session, transaction);
      // Locks the library's rows before the service's, as a verification does. The opposite order deadlocks.
      await this.twoFactor.forget(accountId, transaction);
      await this.links.forget(accountId, transaction);
      const strong = this.twoFactor.isStrong(session);
      const values = { accountId, passwordVersion, sessionId, tokenHash, strong };
      const deleted = await transaction.query(DELETE_USER, values);
      if (deleted.length === 0) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
    });
    this.events.emit({ name: 'account.deleted', accountId, ...originOf(exchange.request, session) });
    exchange.setHeaders([['set-cookie', this.cookie.expired()]]);
  }
}
