import { Injectable } from '@nestjs/common';

/** The delivery channels. */
export type DeliveryChannel = 'mail' | 'sms';

/** Deliveries of one channel since this process started. */
export interface ChannelHealth {
  readonly lastSuccess: Date | undefined;
  readonly lastFailure: Date | undefined;
  /** Sender class and error codes of the last failure. */
  readonly failure: string | undefined;
}

const UNTRIED: ChannelHealth = { lastSuccess: undefined, lastFailure: undefined, failure: undefined };

/** Records this process's deliveries for the health check. */
@Injectable()
export class DeliveryHealth {
  private readonly channels = new Map<DeliveryChannel, ChannelHealth>();

  succeeded(channel: DeliveryChannel): void {
    this.channels.set(channel, { ...this.of(channel), lastSuccess: new Date() });
  }

  /** @param failure names and codes only */
  failed(channel: DeliveryChannel, failure: string): void {
    this.channels.set(channel, { ...this.of(channel), lastFailure: new Date(), failure });
  }

  of(channel: DeliveryChannel): ChannelHealth {
    return this.channels.get(channel) ?? UNTRIED;
  }

  /** `idle` before the first message; then the result of the last one. */
  state(channel: DeliveryChannel): 'idle' | 'ok' | 'failing' {
    const { lastSuccess, lastFailure } = this.of(channel);
    if (lastFailure && !(lastSuccess && lastSuccess >= lastFailure)) return 'failing';
    return lastSuccess ? 'ok' : 'idle';
  }
}
