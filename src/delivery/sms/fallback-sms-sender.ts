import type { OnApplicationShutdown } from '@nestjs/common';
import { SmsSender, type Sms } from '../../two-factor/index.js';
import { SenderChain, type FallbackOptions, type Sender } from '../fallback.js';

/** Sends by the first working sender. Logs each failure by name and code. */
export class FallbackSmsSender extends SmsSender implements OnApplicationShutdown {
  private readonly chain: SenderChain<Sms>;

  /** @param senders in order of preference, at least one */
  constructor(senders: readonly Sender<Sms>[], options: FallbackOptions = {}) {
    super();
    this.chain = new SenderChain('sms', senders, options);
  }

  /**
   * @throws {MessageRefusedError} when every sender refused this message permanently
   * @throws {DeliveryError} when no sender accepted it for now
   */
  override async send(sms: Sms, signal: AbortSignal): Promise<void> {
    await this.chain.send(sms, signal);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.chain.close();
  }
}
