import { Injectable } from '@nestjs/common';
import { SessionGateway, type SessionIdentity } from '../ports/session-gateway.js';
import type { Transaction } from '../postgres/transaction.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { SecondFactorPolicy } from './second-factor-policy.js';

/**
 * Looks at a session again when something sensitive is written.
 *
 * Session, strength and password are checked before, and a password check takes a quarter of a second or, under load,
 * seconds. In that time the owner may change the password or end the session, because an attacker uses it. Without this
 * second look the attacker's call would still be carried out.
 *
 * Call it last in the transaction: the library's rows are locked before the host's, or two transactions could wait for each
 * other. A changed password needs no check of its own, because it gives the session another token.
 */
@Injectable()
export class SessionHold {
  constructor(
    private readonly sessions: SessionGateway,
    private readonly secondFactor: SecondFactorPolicy,
  ) {}

  /**
   * Keeps the session as it is until the transaction ends.
   *
   * @throws {TwoFactorException} UNAUTHORIZED when it has ended, or was given another token
   */
  async live(session: SessionIdentity, transaction?: Transaction): Promise<void> {
    if (await this.sessions.holds(session, transaction)) return;
    throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
  }

  /**
   * The same, for what needs a strong session once two-factor is on.
   *
   * @throws {TwoFactorException} UNAUTHORIZED as `live`; SECOND_FACTOR_REQUIRED when two-factor was turned on meanwhile
   */
  async strong(session: SessionIdentity, transaction: Transaction): Promise<void> {
    await this.live(session, transaction);
    await this.secondFactor.require(session, transaction);
  }
}
