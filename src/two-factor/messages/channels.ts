import { Inject, Injectable, Optional } from '@nestjs/common';
import { MailSender } from '../ports/mail-sender.js';
import { SmsSender } from '../ports/sms-sender.js';
import type { Channel } from './message.js';

/** Knows which ways a message can take here. */
@Injectable()
export class Channels {
  private readonly available: ReadonlySet<Channel>;

  constructor(
    @Optional() @Inject(MailSender) mail: MailSender | null,
    @Optional() @Inject(SmsSender) sms: SmsSender | null,
  ) {
    this.available = new Set<Channel>([...(mail ? ['mail' as const] : []), ...(sms ? ['sms' as const] : [])]);
  }

  has(channel: Channel): boolean {
    return this.available.has(channel);
  }

  /** Whether no message can be sent at all. */
  get none(): boolean {
    return this.available.size === 0;
  }
}
