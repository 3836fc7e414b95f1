import { Injectable } from '@nestjs/common';
import {
  Database,
  type HttpExchange,
  type IncomingRequest,
  originOf,
  EventLog,
  SessionHold,
  tokenHash,
  TwoFactorService,
} from '../../two-factor/index.js';
import { AccountsException } from '../accounts.errors.js';
import { AccountLinks } from '../links/account-links.service.js';
import { AccountUrls } from '../links/account-urls.js';
import type { AccountSession } from '../sessions/session-row.js';
import { canonical } from '../users/email-address.js';
import { PostgresAccountDirectory } from '../users/postgres-account-directory.js';
import type { ChangeEmailRequest, SendVerificationEmailRequest } from './email.dto.js';
import { CHANGE_EMAIL, VERIFY_EMAIL } from './email.statements.js';

/** Better Auth's client expects this status for errors of links that verify an address. */
const UNAUTHORIZED = 401;

/** SQLSTATE of a unique violation. */
const UNIQUE_VIOLATION = '23505';

/** Verifies and changes the addresses of accounts. Opens no session. */
@Injectable()
export class EmailService {
  constructor(
    private readonly database: Database,
    private readonly links: AccountLinks,
    private readonly urls: AccountUrls,
    private readonly accounts: PostgresAccountDirectory,
    private readonly twoFactor: TwoFactorService,
    private readonly hold: SessionHold,
    private readonly events: EventLog,
  ) {}

  /**
   * Without a session, unknown and verified addresses get equal bytes and cost equal work [ASVS 6.3.8].
   *
   * @throws {AccountsException} INVALID_CALLBACK_URL, VERIFICATION_EMAIL_NOT_ENABLED; with a session EMAIL_MISMATCH,
   *   EMAIL_ALREADY_VERIFIED
   * @throws {TwoFactorException} TOO_MANY_REQUESTS
   */
  async sendVerification(
    body: SendVerificationEmailRequest,
    session: AccountSession | null,
    { request }: HttpExchange,
  ): Promise<void> {
    const callback = this.urls.callback(body.callbackURL);
    const topic = 'verify-email';
    this.links.requireMail(topic);
    const email = canonical(body.email);
    if (session && session.user.email !== email) throw new AccountsException('EMAIL_MISMATCH');
    if (session?.user.emailVerified) throw new AccountsException('EMAIL_ALREADY_VERIFIED');
    this.tellSent(await this.links.mail({ topic, email, session, callback, request }), topic, request, session);
  }

  /**
   * Mails a link to the new address and a notice to the old one. A taken address gets no mail; the response is the
   * same.
   *
   * @throws {AccountsException} INVALID_CALLBACK_URL, CHANGE_EMAIL_DISABLED, EMAIL_IS_THE_SAME
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, TOO_MANY_REQUESTS; UNAUTHORIZED when the session ended meanwhile
   */
  async requestChange(body: ChangeEmailRequest, session: AccountSession, { request }: HttpExchange): Promise<void> {
    const callback = this.urls.callback(body.callbackURL);
    const topic = 'change-email';
    this.links.requireMail(topic);
    const email = canonical(body.newEmail);
    if (email === session.user.email) throw new AccountsException('EMAIL_IS_THE_SAME');
    await this.twoFactor.requireStrong(session);
    const sent = await this.database.transaction(async (transaction) => {
      await this.links.tell(session.user, 'email-change-requested', request, transaction);
      const accountId = await this.links.mail({ topic, email, session, callback, request }, transaction);
      // Runs last, when the other rows are locked: the session may have ended since the first check.
      await this.hold.strong(session, transaction);
      return accountId;
    });
    this.tellSent(sent, topic, request, session);
  }

  /**
   * Uses a link: verifies the address of the account, or changes it to the address that got the mail.
   *
   * @throws {AccountsException} 401 INVALID_TOKEN, TOKEN_EXPIRED; USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED
   */
  async useLink(token: string, { request }: HttpExchange): Promise<void> {
    const link = await this.links.find(token, 'verify-email', 'change-email');
    if (!link) throw new AccountsException('INVALID_TOKEN', UNAUTHORIZED);
    if (!link.alive) throw new AccountsException('TOKEN_EXPIRED', UNAUTHORIZED);
    const { accountId } = link;
    if (link.topic === 'change-email') return this.change(accountId, token, request);
    const used = await this.database.query(VERIFY_EMAIL, { accountId, tokenHash: tokenHash(token) });
    if (used.length === 0) throw new AccountsException('INVALID_TOKEN', UNAUTHORIZED);
    this.events.emit({ name: 'account.email-verified', accountId, ...originOf(request) });
  }

  /**
   * Checks the session that requested the change, not the session that opens the link: mail is often read on another
   * device. The link is invalid once that session ended or the password changed. So the owner stops a thief by ending
   * the thief's session.
   */
  private async change(accountId: string, token: string, request: IncomingRequest): Promise<void> {
    const asking = await this.database
      .transaction(async (transaction) => {
        const account = await this.accounts.find(accountId, transaction);
        if (account) await this.links.tell(account.user, 'email-changed', request, transaction);
        const [session] = await transaction.query(CHANGE_EMAIL, { accountId, tokenHash: tokenHash(token) });
        if (!session) throw new AccountsException('INVALID_TOKEN', UNAUTHORIZED);
        // Checked again: two-factor may have been turned on since the request.
        await this.twoFactor.requireStrong({ ...session, accountId, trustedDeviceId: null }, transaction);
        return session;
      })
      .catch((error: unknown) => {
        throw isTaken(error) ? new AccountsException('USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL') : error;
      });
    this.events.emit({ name: 'account.email-changed', accountId, ...originOf(request, asking) });
  }

  private tellSent(
    accountId: string | null,
    topic: string,
    request: IncomingRequest,
    session: AccountSession | null,
  ): void {
    if (accountId === null) return;
    this.events.emit({ name: 'account.link-sent', accountId, ...originOf(request, session), details: { topic } });
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION;
}
