import { Injectable } from '@nestjs/common';
import { PasswordRequests } from '../../rate-limits/password-requests.js';
import {
  Database,
  type HttpExchange,
  type IssuedSession,
  originOf,
  SecurityEvents,
  type SecurityEventName,
  type Transaction,
  TwoFactorException,
  TwoFactorService,
} from '../../two-factor/index.js';
import { PostgresSessions } from '../sessions/postgres-sessions.js';
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
    private readonly gateway: PostgresSessions,
    private readonly events: SecurityEvents,
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
      await this.twoFactor.passwordChanged(session.accountId, transaction, exchange.request);
      const changed = await this.users.changePassword(credentials, passwordHash, transaction);
      if (!changed) throw new TwoFactorException('INVALID_PASSWORD');
      // Two-factor may have been turned on since the session was found strong enough.
      await this.twoFactor.requireStrong(session, transaction);
      // Last, when the user's row is held: a sign-in that got in before is seen here, a later one sees the new version.
      const issued = await this.renew(session, exchange, transaction);
      return { user: changed, renewed: issued };
    });
    this.tell('password.changed', session, exchange);
    exchange.setHeaders(renewed.headers);
    return { token: exchange.tokenInBody(renewed), user };
  }

  private async requirePassword(
    session: AccountSession,
    password: string,
    exchange: HttpExchange,
  ): Promise<Credentials> {
    const { accountId, user } = session;
    const { request } = exchange;
    const guess = {
      address: user.email,
      ip: request.ip,
      abandoned: request.abandoned,
      accountId,
      trustedDevice: () => this.twoFactor.trustedDevice(accountId, request, session),
    };
    try {
      const credentials = await this.guesses.evaluate(password, guess, () => this.users.credentialsById(accountId));
      if (credentials) return credentials;
    } catch (error) {
      const throttled = error instanceof TwoFactorException && error.code === 'TOO_MANY_REQUESTS';
      if (throttled) this.tell('password.throttled', session, exchange);
      throw error;
    }
    this.tell('password.refused', session, exchange);
    throw new TwoFactorException('INVALID_PASSWORD');
  }

  private tell(name: SecurityEventName, session: AccountSession, { request }: HttpExchange): void {
    this.events.emit({ name, accountId: session.accountId, ...originOf(request, session) });
  }

  /** Ends all other sessions, and gives this one a new token: a copy of the old one must not survive [ASVS 7.2.4]. */
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
