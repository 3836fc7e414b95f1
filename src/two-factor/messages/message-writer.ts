import { createHmac } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { FactorRegistry } from '../factor/factor-registry.js';
import type { Account, UserView } from '../ports/account-directory.js';
import { Clock } from '../ports/clock.js';
import { KeyRing } from '../ports/key-ring.js';
import { MessageTemplates, type MessageFacts, type NoticeTopic } from '../ports/message-templates.js';
import { MESSAGE_LIFE, Outbox } from '../ports/outbox.js';
import { headerOf, type IncomingRequest } from '../ports/incoming-request.js';
import type { Transaction } from '../postgres/transaction.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { Channels } from './channels.js';
import { deviceName } from './device-name.js';
import { chooseLanguage } from './language.js';
import { enqueueInto, type Enqueue } from './enqueue.js';
import { MessageSealer } from './message-sealer.js';
import type { Channel } from './message.js';
import { ALARMING, budgetsOf, countedAddress } from './notice-budgets.js';
import { FORGET_NOTICES, NoticeSql, type NoticeValues } from './notices.statements.js';
import { OutboxSignal } from './outbox-signal.js';

/** Purpose of the derived key under which addresses are counted: see KeyRing. */
const COUNTER_PURPOSE = 'notice-counter';

/** Whom a notice goes to: an account, or the `user` of an answer. */
export type Addressee = Account | UserView;

/** A topic with its details, without what every message has. */
export type MessageSubject = Omit<MessageFacts, 'issuer'>;

/** Who did it, when and from where. */
type Circumstances = Pick<MessageFacts, 'account' | 'at' | 'address' | 'device'>;

/** What an owner is told. */
export type NoticeSubject = MessageSubject & { readonly topic: NoticeTopic };

/**
 * Writes messages into the outbox: codes within the statement that makes them, notices within a transaction. Hosts compose mails
 * of their own topics with it, and queue them by `enqueue` in a statement of theirs.
 */
@Injectable()
export class MessageWriter {
  /** Composes the SQL that queues a payload; null where no message can be sent. */
  readonly enqueue: Enqueue | null;
  /** Composes a notice into a statement of the library; null where no message can be sent. */
  readonly noticeSql: NoticeSql | null;

  constructor(
    private readonly channels: Channels,
    private readonly sealer: MessageSealer,
    private readonly clock: Clock,
    private readonly ring: KeyRing,
    private readonly options: TwoFactorOptions,
    registry: FactorRegistry,
    private readonly signal: OutboxSignal,
    @Optional() @Inject(Outbox) outbox: Outbox | null,
    @Optional() @Inject(MessageTemplates) private readonly templates: MessageTemplates | null,
  ) {
    if (!channels.none && !templates) {
      throw new Error('TwoFactorModule has a sender but no MessageTemplates: name `templates`');
    }
    this.enqueue = channels.none ? null : enqueueInto(outbox);
    this.noticeSql = this.enqueue && new NoticeSql(this.enqueue, registry);
  }

  /** Whether mail can be sent here. */
  get canMail(): boolean {
    return this.channels.has('mail');
  }

  /**
   * Names an address in the key of a counter, so that tables of counters contain no addresses. All sub-addresses of a mailbox
   * have one name: see `countedAddress`.
   */
  counterOf(address: string): string {
    const key = this.ring.derive(this.ring.current, COUNTER_PURPOSE);
    return createHmac('sha256', key).update(countedAddress(address)).digest('base64url');
  }

  /**
   * @param life seconds after which the message is of no use
   * @returns the payload to queue
   */
  compose(
    channel: Channel,
    to: string,
    subject: MessageSubject,
    { language, request, life }: { language?: string | undefined; request: IncomingRequest; life: number },
  ): string {
    return this.seal(channel, to, subject, { language: this.languageFor(language, request), life });
  }

  /**
   * A notice by mail for a statement with `telling` in it, which counts it and sends it now or later.
   *
   * @returns null where no mail can be sent
   */
  notice(addressee: Addressee, subject: NoticeSubject, request: IncomingRequest): NoticeValues | null {
    const preferred = 'user' in addressee ? addressee.language : undefined;
    const happened = { ...subject, ...this.circumstances(addressee, request) };
    return this.noticeIn(this.languageFor(preferred, request), addressee, happened);
  }

  /** As `notice`, in a language that was chosen before. */
  noticeIn(language: string, addressee: Addressee, subject: NoticeSubject): NoticeValues | null {
    if (!this.canMail) return null;
    const { topic, times: _, ...facts } = subject;
    return {
      noticeTopic: topic,
      noticePayload: this.seal('mail', addressee.email, subject, { language, life: MESSAGE_LIFE }),
      noticeLife: MESSAGE_LIFE,
      noticeVerified: isVerified(addressee),
      noticeAddress: this.counterOf(addressee.email),
      noticeAlarming: ALARMING[topic],
      noticeFacts: JSON.stringify(facts),
      noticeLanguage: language,
    };
  }

  /**
   * Tells the owner by mail what happened to the account, in the transaction that makes it happen. The mail goes at once,
   * or, where its budgets are used up, later and together with others of its topic.
   */
  async notify(
    accountId: string,
    addressee: Addressee,
    subject: NoticeSubject,
    request: IncomingRequest,
    transaction: Transaction,
  ): Promise<void> {
    const notice = this.notice(addressee, subject, request);
    if (notice === null || this.noticeSql === null) return;
    const [outcome] = await transaction.query(this.noticeSql.tell, { accountId, ...notice });
    if (outcome?.told) this.queued(transaction);
  }

  /** To be called after a statement that queued a message by `enqueue`: workers of this process then send it at once. */
  queued(transaction: Transaction): void {
    this.signal.queued(transaction);
  }

  /** Drops what an account that is being deleted would still have been told. */
  async forget(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(FORGET_NOTICES, { accountId, buckets: budgetsOf(accountId) });
  }

  /** What a template may say about who did it, when and from where. */
  private circumstances(addressee: Addressee, { ip, userAgent }: IncomingRequest): Circumstances {
    return {
      account: 'user' in addressee ? addressee.label : addressee.name,
      at: this.clock.now().toISOString(),
      ...(ip !== undefined && { address: ip }),
      ...(userAgent !== undefined && { device: deviceName(userAgent) }),
    };
  }

  private seal(
    channel: Channel,
    to: string,
    subject: MessageSubject,
    { language, life }: { language: string; life: number },
  ): string {
    return this.sealer.seal({
      channel,
      to,
      facts: { ...subject, issuer: this.options.issuer },
      language,
      discardAfter: this.clock.now().getTime() + life * 1000,
    });
  }

  private languageFor(preferred: string | undefined, request: IncomingRequest): string {
    return chooseLanguage(this.templates?.languages ?? [], preferred, headerOf(request, 'accept-language'));
  }
}

function isVerified(addressee: Addressee): boolean {
  return 'user' in addressee ? addressee.user.emailVerified : addressee.emailVerified;
}
