/** A text message, ready to go. */
export interface Sms {
  /** The same at every attempt, so that a provider can drop duplicates. A UUID. */
  readonly id: string;
  /** Telephone number in E.164 form, e.g. `+4915112345678`. */
  readonly to: string;
  readonly text: string;
}

/** Sends a text message, or throws. */
export abstract class SmsSender {
  /**
   * Settles when the provider has accepted the message.
   *
   * @param signal aborts when the queue's time-out is over
   * @throws {MessageRefusedError} of `nestjs-two-factor/delivery`: permanent, not retried. Every other error is retried
   */
  abstract send(sms: Sms, signal: AbortSignal): Promise<void>;
}
