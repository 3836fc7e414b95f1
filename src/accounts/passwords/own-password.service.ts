import { Injectable } from '@nestjs/common';
import {
  type HttpExchange,
  originOf,
  EventLog,
  type SecurityEventName,
  TwoFactorException,
  TwoFactorService,
} from '../../two-factor/index.js';
import { PasswordRequests } from '../../rate-limits/password-requests.js';
import type { AccountSession } from '../sessions/session-row.js';
import { type Credentials, Users } from '../users/users.js';
import { PasswordGuesses } from './password-guesses.service.js';

/** Checks the password of a signed-in user, within the budgets of sign-in. */
@Injectable()
export class OwnPassword {
  constructor(
    private readonly users: Users,
    private readonly guesses: PasswordGuesses,
    private readonly requests: PasswordRequests,
    private readonly twoFactor: TwoFactorService,
    private readonly events: EventLog,
  ) {}

  /**
   * @returns the credentials that the password matched
   * @throws {TwoFactorException} INVALID_PASSWORD, TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE
   */
  async require(session: AccountSession, password: string, exchange: HttpExchange): Promise<Credentials> {
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
      await this.requests.admit(request.ip);
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
}
