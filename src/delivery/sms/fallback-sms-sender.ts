import type { OnApplicationShutdown } from '@nestjs/common';
import { SmsSender, type Sms } from '../../two-factor/index.js';
import { SenderChain, type FallbackOptions, type Sender } from '../fallback.js';

/** Sends by the first of several senders that works. Each failure is logged by name and code. */
export class FallbackSmsSender extends SmsSender implements OnApplicationShutdown {
  private readonly chain: SenderChain<Sms>;

  /** @param senders in the order of preference, at least one */
  constructor(senders: readonly Sender<Sms>[], options: FallbackOptions = {}) {
    super();
    this.chain = new SenderChain('sms', senders, options);
  }

  /**
   * @throws {MessageRefusedError} when no sender will ever take this message
   * @throws {DeliveryError} when none took it for now
   */
  override async send(sms: Sms, signal: AbortSignal): Promise<void> {
    await this.chain.send(sms, signal);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.chain.close();
  }
}
