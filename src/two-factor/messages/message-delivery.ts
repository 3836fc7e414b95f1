import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { Clock } from '../ports/clock.js';
import { MailSender } from '../ports/mail-sender.js';
import { MessageTemplates } from '../ports/message-templates.js';
import { SmsSender } from '../ports/sms-sender.js';
import { UnreadableSecretReporter } from '../keys/unreadable-secret-reporter.js';
import { MessageSealer } from './message-sealer.js';
import type { Message } from './message.js';

/** Sends what the outbox holds. */
@Injectable()
export class MessageDelivery {
  private readonly logger = new Logger('MessageDelivery');

  constructor(
    private readonly sealer: MessageSealer,
    private readonly templates: MessageTemplates,
    private readonly clock: Clock,
    private readonly alarm: UnreadableSecretReporter,
    @Optional() @Inject(MailSender) private readonly mail: MailSender | null,
    @Optional() @Inject(SmsSender) private readonly sms: SmsSender | null,
  ) {}

  /**
   * Composes and sends a queued message, or drops one that came too late to be of use.
   *
   * @param payload as it was queued
   * @param signal tells to give up
   * @throws {Error} when it was not sent: try again later. When it cannot be opened an alarm was raised before; a process
   *   with the missing key may still be able to
   */
  async deliver(payload: string, signal: AbortSignal): Promise<void> {
    const message = this.alarm.watch(null, 'message', () => this.sealer.open(payload));
    if (this.clock.now().getTime() >= message.discardAfter) {
      this.logger.warn({ event: 'message.expired', channel: message.channel, topic: message.facts.topic });
      return;
    }
    await this.send(message, signal);
  }

  private async send({ id, channel, to, facts, language }: Message, signal: AbortSignal): Promise<void> {
    if (channel === 'sms') {
      if (!this.sms) throw new Error('No SmsSender is configured');
      return this.sms.send({ id, to, text: this.templates.sms(facts, language) }, signal);
    }
    if (!this.mail) throw new Error('No MailSender is configured');
    return this.mail.send({ id, to, ...this.templates.mail(facts, language) }, signal);
  }
}
