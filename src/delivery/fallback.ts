import { Logger } from '@nestjs/common';
import { within } from './deadline.js';
import { DeliveryError, describeError, MessageRefusedError } from './delivery-error.js';
import type { DeliveryChannel, DeliveryHealth } from './delivery-health.js';

/** A sender of any channel; may hold connections to close. */
export interface Sender<M> {
  send(message: M, signal: AbortSignal): Promise<void>;
  close?(): void | Promise<void>;
}

export interface FallbackOptions {
  /** Limit for all senders together, in milliseconds; each sender gets a share. Default 14,000. */
  readonly timeoutMs?: number;
  /** Called with the result of each message. */
  readonly health?: DeliveryHealth;
}

/** Tries senders in turn until one accepts the message. */
export class SenderChain<M> {
  private readonly logger = new Logger('Delivery');
  private readonly shareMs: number;

  constructor(
    private readonly channel: DeliveryChannel,
    private readonly senders: readonly Sender<M>[],
    private readonly options: FallbackOptions,
  ) {
    if (senders.length === 0) throw new RangeError(`No sender for ${channel} was given`);
    this.shareMs = Math.ceil((options.timeoutMs ?? 14_000) / senders.length);
  }

  /**
   * @throws {MessageRefusedError} when every sender refused this message permanently
   * @throws {DeliveryError} when no sender accepted it for now
   */
  async send(message: M, signal: AbortSignal): Promise<void> {
    const failures: string[] = [];
    let refused = true;
    for (const [index, sender] of this.senders.entries()) {
      try {
        await within(this.shareMs, signal, (limited) => sender.send(message, limited));
        this.options.health?.succeeded(this.channel);
        return;
      } catch (error) {
        refused &&= error instanceof MessageRefusedError;
        const reason = `${this.nameOf(index)}: ${describeError(error)}`;
        failures.push(reason);
        this.logger.warn({ event: 'delivery.failed', channel: this.channel, reason });
        if (signal.aborted) break;
      }
    }
    const failure = failures.join('; ');
    // A mailbox that does not exist is no fault of the provider.
    if (!refused) this.options.health?.failed(this.channel, failure);
    throw refused ? new MessageRefusedError(failure) : new DeliveryError(failure);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.senders.map(async (sender) => sender.close?.()));
  }

  private nameOf(index: number): string {
    const name = this.senders[index]?.constructor.name ?? 'Sender';
    return this.senders.length === 1 ? name : `${name} ${index + 1}`;
  }
}
