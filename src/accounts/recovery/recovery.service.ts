import { Injectable } from '@nestjs/common';
import {
  Database,
  type HttpExchange,
  originOf,
  EventLog,
  tokenHash,
  TwoFactorService,
} from '../../two-factor/index.js';
import { AccountsException } from '../accounts.errors.js';
import { AccountLinks } from '../links/account-links.service.js';
import { AccountUrls } from '../links/account-urls.js';
import { hashCaller } from '../passwords/hash-queue.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { requireGoodPassword } from '../passwords/password-policy.js';
import { PostgresSessions } from '../sessions/postgres-sessions.js';
import { canonical } from '../users/email-address.js';
import type {
  RequestPasswordResetResponse,
  RequestPasswordResetRequest,
  ResetPasswordRequest,
} from './recovery.dto.js';
import { RESET_PASSWORD } from './recovery.statements.js';

const ASKED: RequestPasswordResetResponse = {
  status: true,
  message: 'If this email exists in our system, check your email for the reset link',
};

/** Resets a password by a mailed link. Two-factor stays on, and no session is opened. */
@Injectable()
export class RecoveryService {
  constructor(
    private readonly database: Database,
    private readonly links: AccountLinks,
    private readonly urls: AccountUrls,
    private readonly hasher: PasswordHasher,
    private readonly twoFactor: TwoFactorService,
    private readonly sessions: PostgresSessions,
    private readonly events: EventLog,
  ) {}

  /**
   * Unknown and known addresses get equal bytes and cost equal work [ASVS 6.3.8].
   *
   * @throws {AccountsException} INVALID_REDIRECT_URL, RESET_PASSWORD_DISABLED
   * @throws {TwoFactorException} TOO_MANY_REQUESTS
   */
  async request(body: RequestPasswordResetRequest, { request }: HttpExchange): Promise<RequestPasswordResetResponse> {
    const callback = this.urls.callback(body.redirectTo, 'INVALID_REDIRECT_URL');
    const topic = 'reset-password';
    const accountId = await this.links.mail({ topic, email: canonical(body.email), session: null, callback, request });
    if (accountId !== null) {
      this.events.emit({ name: 'account.link-sent', accountId, ...originOf(request), details: { topic } });
    }
    return ASKED;
  }

  /**
   * Changes nothing, because mail scanners open links.
   *
   * @throws {AccountsException} INVALID_TOKEN
   */
  async requireLink(token: string): Promise<{ accountId: string }> {
    const link = await this.links.find(token, 'reset-password');
    if (!link?.alive) throw new AccountsException('INVALID_TOKEN');
    return link;
  }

  /**
   * Ends all sessions, open challenges, staged factors, trusted devices and other links, and mails a notice to the
   * owner.
   *
   * @throws {AccountsException} PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_TOKEN
   */
  async reset({ newPassword, token }: ResetPasswordRequest, { request }: HttpExchange): Promise<void> {
    requireGoodPassword(newPassword, 'newPassword');
    const { accountId } = await this.requireLink(token);
    // Hashes before the transaction: a connection must not wait for bcrypt.
    const passwordHash = await this.hasher.hash(newPassword, hashCaller(request));
    await this.database.transaction(async (transaction) => {
      // Locks the library's rows before the service's, as a verification does. The opposite order deadlocks.
      await this.twoFactor.passwordChanged(accountId, transaction, request);
      const used = await transaction.query(RESET_PASSWORD, { accountId, tokenHash: tokenHash(token), passwordHash });
      if (used.length === 0) throw new AccountsException('INVALID_TOKEN');
      await this.sessions.endAll(accountId, transaction);
    });
    this.events.emit({ name: 'password.changed', accountId, ...originOf(request), details: { by: 'reset' } });
  }
}
