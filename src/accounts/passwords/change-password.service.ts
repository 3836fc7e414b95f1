import { Injectable } from '@nestjs/common';
import {
  Database,
  type HttpExchange,
  type IssuedSession,
  originOf,
  EventLog,
  type Transaction,
  TwoFactorException,
  TwoFactorService,
} from '../../two-factor/index.js';
import { PostgresSessions } from '../sessions/postgres-sessions.js';
import type { AccountSession } from '../sessions/session-row.js';
import { Users } from '../users/users.js';
import type { ChangePasswordResponse, ChangePasswordRequest } from './change-password.dto.js';
import { hashCaller } from './hash-queue.js';
import { OwnPassword } from './own-password.service.js';
import { PasswordHasher } from './password-hasher.js';
import { requireGoodPassword } from './password-policy.js';

/** Changes a signed-in user's password and ends the sessions, challenges and devices that relied on the old one. */
@Injectable()
export class ChangePasswordService {
  constructor(
    private readonly database: Database,
    private readonly users: Users,
    private readonly hasher: PasswordHasher,
    private readonly password: OwnPassword,
    private readonly twoFactor: TwoFactorService,
    private readonly gateway: PostgresSessions,
    private readonly events: EventLog,
  ) {}

  /**
   * @throws {AccountsException} PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, INVALID_PASSWORD, TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE;
   *   UNAUTHORIZED when the session ended meanwhile
   */
  async change(
    body: ChangePasswordRequest,
    session: AccountSession,
    exchange: HttpExchange,
  ): Promise<ChangePasswordResponse> {
    requireGoodPassword(body.newPassword, 'newPassword');
    await this.twoFactor.requireStrong(session);
    const credentials = await this.password.require(session, body.currentPassword, exchange);
    const passwordHash = await this.hasher.hash(body.newPassword, hashCaller(exchange.request, session.accountId));

    const { user, renewed } = await this.database.transaction(async (transaction) => {
      // Locks the library's rows before the service's, as a verification does. The opposite order deadlocks.
      await this.twoFactor.passwordChanged(session.accountId, transaction, exchange.request);
      const changed = await this.users.changePassword(credentials, passwordHash, transaction);
      if (!changed) throw new TwoFactorException('INVALID_PASSWORD');
      // Checked again: two-factor may have been turned on since the first check.
      await this.twoFactor.requireStrong(session, transaction);
      // Last, with the user's row locked: this statement sees earlier sign-ins, and later ones see the new password version.
      const issued = await this.renew(session, exchange, transaction);
      return { user: changed, renewed: issued };
    });
    const { accountId } = session;
    this.events.emit({ name: 'password.changed', accountId, ...originOf(exchange.request, session) });
    exchange.setHeaders(renewed.headers);
    return { token: exchange.tokenInBody(renewed), user };
  }

  /** Ends all other sessions and replaces this one's token, so that a copy of the old token stops working [ASVS 7.2.4]. */
  private async renew(
    session: AccountSession,
    { request }: HttpExchange,
    transaction: Transaction,
  ): Promise<IssuedSession> {
    const renewed = await this.gateway.renew(
      { session, secondFactor: null, amr: [], trustedDeviceId: null, endOthers: true, request },
      transaction,
    );
    if (!renewed) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
    return renewed;
  }
}
