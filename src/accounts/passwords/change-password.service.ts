import { Injectable } from '@nestjs/common';
import { PasswordRequests } from '../../rate-limits/password-requests.js';
import {
  Database,
  type HttpExchange,
  type IssuedSession,
  type Transaction,
  TwoFactorException,
  TwoFactorService,
} from '../../two-factor/index.js';
import { PostgresSessions } from '../sessions/postgres-sessions.js';
import { SessionList } from '../sessions/session-list.js';
import type { AccountSession } from '../sessions/session-row.js';
import { type Credentials, Users } from '../users/users.js';
import type { ChangePasswordAnswer, ChangePasswordBody } from './change-password.dto.js';
import { hashCaller } from './hash-queue.js';
import { PasswordGuesses } from './password-guesses.service.js';
import { PasswordHasher } from './password-hasher.js';
import { requireGoodPassword } from './password-policy.js';

/** Changes a signed-in user's password, and ends what was built on the old one. */
@Injectable()
export class ChangePasswordService {
  constructor(
    private readonly database: Database,
    private readonly users: Users,
    private readonly hasher: PasswordHasher,
    private readonly guesses: PasswordGuesses,
    private readonly requests: PasswordRequests,
    private readonly twoFactor: TwoFactorService,
    private readonly sessions: SessionList,
    private readonly gateway: PostgresSessions,
  ) {}

  /**
   * @throws {AccountsException} PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, INVALID_PASSWORD, TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE;
   *   UNAUTHORIZED when the session ended meanwhile
   */
  async change(
    body: ChangePasswordBody,
    session: AccountSession,
    exchange: HttpExchange,
  ): Promise<ChangePasswordAnswer> {
    requireGoodPassword(body.newPassword, 'newPassword');
    await this.requests.admit(exchange.request.ip);
    await this.twoFactor.requireStrong(session);
    const credentials = await this.requirePassword(session, body.currentPassword, exchange);
    const passwordHash = await this.hasher.hash(body.newPassword, hashCaller(exchange.request, session.accountId));

    const { user, renewed } = await this.database.transaction(async (transaction) => {
      // The library's rows before the host's, as in a verification: the two would otherwise wait for each other.
      await this.twoFactor.passwordChanged(session.accountId, transaction);
      const changed = await this.users.changePassword(credentials, passwordHash, transaction);
      if (!changed) throw new TwoFactorException('INVALID_PASSWORD');
      // Last, when the user's row is held: a sign-in that got in before is seen here, a later one sees the new version.
      const issued = await this.endOthers(session, body.revokeOtherSessions === true, exchange, transaction);
      return { user: changed, renewed: issued };
    });
    exchange.setHeaders(renewed?.headers ?? []);
    return { token: renewed?.token ?? null, user };
  }

  private async requirePassword(
    session: AccountSession,
    password: string,
    { request }: HttpExchange,
  ): Promise<Credentials> {
    const { accountId, user } = session;
    const guess = {
      address: user.email,
      ip: request.ip,
      abandoned: request.abandoned,
      accountId,
      trustedDevice: () => this.twoFactor.trustedDevice(accountId, request, session),
    };
    const credentials = await this.guesses.evaluate(password, guess, () => this.users.credentialsById(accountId));
    if (!credentials) throw new TwoFactorException('INVALID_PASSWORD');
    return credentials;
  }

  /** @returns the session under a new token if that was asked for */
  private async endOthers(
    session: AccountSession,
    renew: boolean,
    { request }: HttpExchange,
    transaction: Transaction,
  ): Promise<IssuedSession | null> {
    const renewed = renew
      ? await this.gateway.renew(
          { session, secondFactor: null, amr: [], trustedDeviceId: null, endOthers: true, request },
          transaction,
        )
      : null;
    const alive = renew ? renewed !== null : await this.sessions.endOthers(session, transaction);
    if (!alive) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
    return renewed;
  }
}
