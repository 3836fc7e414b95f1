import { Injectable } from '@nestjs/common';

/** The ways to people. */
export type DeliveryChannel = 'mail' | 'sms';

/** What became of the messages of one channel since this process started. */
export interface ChannelHealth {
  readonly lastSuccess: Date | undefined;
  readonly lastFailure: Date | undefined;
  /** Sender and codes of the last failure. */
  readonly failure: string | undefined;
}

const UNTRIED: ChannelHealth = { lastSuccess: undefined, lastFailure: undefined, failure: undefined };

/** Remembers how deliveries of this process went, for whoever watches over it. */
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

  /** `idle` until a first message was tried, then what became of the last one. */
  state(channel: DeliveryChannel): 'idle' | 'ok' | 'failing' {
    const { lastSuccess, lastFailure } = this.of(channel);
    if (lastFailure && !(lastSuccess && lastSuccess >= lastFailure)) return 'failing';
    return lastSuccess ? 'ok' : 'idle';
  }
}
