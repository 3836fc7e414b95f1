import type { OnApplicationShutdown } from '@nestjs/common';
import { MailSender, type Mail } from '../../two-factor/index.js';
import { SenderChain, type FallbackOptions, type Sender } from '../fallback.js';

/**
 * Sends by the first of several senders that works. Each failure is logged by name and code.
 *
 * @example
 * ```ts
 * new FallbackMailSender([new SmtpMailSender({ url: primary, from }), new SmtpMailSender({ url: spare, from })])
 * ```
 */
export class FallbackMailSender extends MailSender implements OnApplicationShutdown {
  private readonly chain: SenderChain<Mail>;

  /** @param senders in order of preference, at least one */
  constructor(senders: readonly Sender<Mail>[], options: FallbackOptions = {}) {
    super();
    this.chain = new SenderChain('mail', senders, options);
  }

  /**
   * @throws {MessageRefusedError} when every sender refused this mail permanently
   * @throws {DeliveryError} when no sender accepted it for now
   */
  override async send(mail: Mail, signal: AbortSignal): Promise<void> {
    await this.chain.send(mail, signal);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.chain.close();
  }
}
