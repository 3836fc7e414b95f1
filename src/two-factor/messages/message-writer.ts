import { Inject, Injectable, Optional } from '@nestjs/common';
import { single } from '../credentials/http-exchange.js';
import { Clock } from '../ports/clock.js';
import { MessageTemplates, type MessageFacts } from '../ports/message-templates.js';
import { Outbox } from '../ports/outbox.js';
import type { IncomingRequest } from '../ports/session-gateway.js';
import type { Transaction } from '../ports/transaction.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { Channels } from './channels.js';
import { chooseLanguage } from './language.js';
import { MessageSealer } from './message-sealer.js';
import type { Channel } from './message.js';

/** How long a notice may wait for a mail server. In seconds. */
export const NOTICE_LIFE = 24 * 60 * 60;

/** Whom a notice goes to. */
export interface Addressee {
  readonly email: string;
  /** Preferred language, BCP 47, where the host knows it. */
  readonly language?: string | undefined;
}

/** A topic with its details, without what every message has. */
export type MessageSubject = Omit<MessageFacts, 'issuer'>;

/** Writes messages into the outbox: codes within the statement that makes them, notices within a transaction. */
@Injectable()
export class MessageWriter {
  /** SQL function that queues a payload; null where no message can be sent. */
  readonly enqueueFunction: string | null;

  constructor(
    private readonly channels: Channels,
    private readonly sealer: MessageSealer,
    private readonly clock: Clock,
    private readonly options: TwoFactorOptions,
    @Optional() @Inject(Outbox) outbox: Outbox | null,
    @Optional() @Inject(MessageTemplates) private readonly templates: MessageTemplates | null,
  ) {
    if (!channels.none && !(outbox && templates)) {
      throw new Error(
        'TwoFactorModule has a sender but no Outbox or no MessageTemplates: name `outbox` and `templates`',
      );
    }
    this.enqueueFunction = channels.none ? null : (outbox?.enqueueFunction ?? null);
  }

  /**
   * @param life seconds after which nobody wants the message
   * @returns the payload to queue
   */
  compose(
    channel: Channel,
    to: string,
    subject: MessageSubject,
    { language, request, life }: { language?: string | undefined; request: IncomingRequest; life: number },
  ): string {
    const acceptLanguage = single(request.headers['accept-language']);
    return this.sealer.seal({
      channel,
      to,
      facts: { ...subject, issuer: this.options.issuer },
      language: chooseLanguage(this.templates?.languages ?? [], language, acceptLanguage),
      discardAfter: this.clock.now().getTime() + life * 1000,
    });
  }

  /** @returns the payload of a notice by mail, or null where no mail can be sent */
  notice({ email, language }: Addressee, subject: MessageSubject, request: IncomingRequest): string | null {
    if (!this.channels.has('mail')) return null;
    return this.compose('mail', email, subject, { language, request, life: NOTICE_LIFE });
  }

  /** Tells the owner by mail what happened to the account, in the transaction that makes it happen. */
  async notify(
    addressee: Addressee,
    subject: MessageSubject,
    request: IncomingRequest,
    transaction: Transaction,
  ): Promise<void> {
    const payload = this.notice(addressee, subject, request);
    if (payload === null) return;
    await transaction.query(`SELECT ${this.enqueueFunction}($1, now() + make_interval(secs => $2))`, [
      payload,
      NOTICE_LIFE,
    ]);
  }
}
