import { Injectable } from '@nestjs/common';
import {
  type AddressTopic,
  Database,
  type IncomingRequest,
  isToken,
  type LinkTopic,
  MessageWriter,
  newToken,
  Random,
  type Statement,
  tokenHash,
  type Transaction,
  TwoFactorException,
  type UserView,
} from '../../two-factor/index.js';
import { AccountsException, type AccountsErrorCode } from '../accounts.errors.js';
import { AccountUrls } from './account-urls.js';
import {
  type BudgetValues,
  FIND_LINK,
  FORGET_BUDGETS,
  type LinkOutcome,
  type LinkRow,
  type LinkValues,
  sendLink,
  tellAddress,
} from './link.statements.js';
import { addressBudget, budgetsOf, linkBudgets, type MailBudget } from './mail-budgets.js';

/** Prefix of link tokens. Tells them from other tokens, and lets secret scanners find them. */
const LINK_TOKEN_PREFIX = 'tfl_';

/** Lifetime of a link, in seconds. */
const LINK_LIFE = 60 * 60;

/** How long a notice may wait for a mail server, in seconds. */
const NOTICE_LIFE = 24 * 60 * 60;

/** The error when the service cannot send mail, as in Better Auth. */
const DISABLED: Readonly<Record<LinkTopic, AccountsErrorCode>> = {
  'reset-password': 'RESET_PASSWORD_DISABLED',
  'verify-email': 'VERIFICATION_EMAIL_NOT_ENABLED',
  'change-email': 'CHANGE_EMAIL_DISABLED',
};

/** A request for a link. */
export interface LinkRequest {
  readonly topic: LinkTopic;
  /** The address that gets the mail, in canonical form. */
  readonly email: string;
  /** The requesting session; null for a public request. */
  readonly session: { readonly accountId: string; readonly sessionId: string } | null;
  /** Where the browser is redirected in the end: absolute, of a trusted origin. */
  readonly callback: string | null;
  readonly request: IncomingRequest;
}

/** Mails links and finds them by token. */
@Injectable()
export class AccountLinks {
  private readonly send: Readonly<Record<LinkTopic, Statement<LinkOutcome, LinkValues>>> | null;
  private readonly tellStatement: ReturnType<typeof tellAddress> | null;

  constructor(
    private readonly database: Database,
    private readonly random: Random,
    private readonly messages: MessageWriter,
    private readonly urls: AccountUrls,
  ) {
    const { enqueue, canMail } = messages;
    if (enqueue === null || !canMail) {
      this.send = null;
      this.tellStatement = null;
      return;
    }
    this.send = {
      'reset-password': sendLink('reset-password', enqueue),
      'verify-email': sendLink('verify-email', enqueue),
      'change-email': sendLink('change-email', enqueue),
    };
    this.tellStatement = tellAddress(enqueue);
  }

  /** @throws {AccountsException} RESET_PASSWORD_DISABLED and the like when the service cannot send mail */
  requireMail(topic: LinkTopic): void {
    if (this.send === null) throw new AccountsException(DISABLED[topic]);
  }

  /**
   * Mails a link if the account exists. Otherwise does the same work and returns the same response.
   *
   * @returns the account of the mail; only for events, never for responses
   * @throws {AccountsException} as `requireMail`
   * @throws {TwoFactorException} TOO_MANY_REQUESTS, also for an unknown account
   */
  async mail(
    { topic, email, session, callback, request }: LinkRequest,
    transaction?: Transaction,
  ): Promise<string | null> {
    if (this.send === null) throw new AccountsException(DISABLED[topic]);
    const token = newToken(this.random, LINK_TOKEN_PREFIX);
    const subject = { topic, link: this.urls.linkTo(topic, token, callback), minutes: LINK_LIFE / 60 };
    const payload = this.messages.compose('mail', email, subject, { request, life: LINK_LIFE });
    const budgets = linkBudgets(topic, this.messages.counterOf(email), session?.accountId ?? null);
    const within = transaction ?? this.database;
    const [outcome] = await within.query(this.send[topic], {
      ...valuesOf(budgets),
      email,
      accountId: session?.accountId ?? null,
      tokenHash: tokenHash(token),
      sessionId: topic === 'change-email' ? (session?.sessionId ?? null) : null,
      payload,
      life: LINK_LIFE,
    });
    if (!outcome?.counted) throw new TwoFactorException('TOO_MANY_REQUESTS', { retryAfter: outcome?.wait ?? 1 });
    if (outcome.accountId !== null) this.messages.queued(within);
    return outcome.accountId;
  }

  /**
   * Notifies the address that an account leaves. Does not use the library's notices: a notice that waits for its budget
   * goes to the account's address at that time, which is the new one.
   *
   * @param user before the change
   */
  async tell(
    { email, emailVerified }: UserView,
    topic: AddressTopic,
    request: IncomingRequest,
    transaction: Transaction,
  ): Promise<void> {
    if (this.tellStatement === null) return;
    const budget = addressBudget(this.messages.counterOf(email), emailVerified);
    const payload = this.messages.compose('mail', email, { topic }, { request, life: NOTICE_LIFE });
    const [told] = await transaction.query(this.tellStatement, { ...valuesOf([budget]), payload, life: NOTICE_LIFE });
    if (told?.mails) this.messages.queued(transaction);
  }

  /** Finds the link of a token without using it. Expired links are found for one day. */
  async find(token: string, ...topics: readonly LinkTopic[]): Promise<LinkRow | null> {
    if (!isToken(token, LINK_TOKEN_PREFIX)) return null;
    const [link] = await this.database.query(FIND_LINK, { tokenHash: tokenHash(token) });
    return link && topics.includes(link.topic) ? link : null;
  }

  /** Deletes the budgets of an account that is being deleted. Its links are deleted with the user's row. */
  async forget(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(FORGET_BUDGETS, { buckets: budgetsOf(accountId) });
  }
}

function valuesOf(budgets: readonly MailBudget[]): BudgetValues {
  return {
    buckets: budgets.map(({ bucket }) => bucket),
    bursts: budgets.map(({ burst }) => burst),
    intervals: budgets.map(({ every }) => every),
  };
}
