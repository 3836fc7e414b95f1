/** A text message, ready to go. */
export interface Sms {
  /** The same at every attempt, so that whoever gets it twice can tell. A UUID. */
  readonly id: string;
  /** Telephone number in E.164 form, e.g. `+4915112345678`. */
  readonly to: string;
  readonly text: string;
}

/** Sends a text message, or throws. */
export abstract class SmsSender {
  /**
   * Settles when the provider took the message over.
   *
   * @param signal tells to give up: the queue's patience ends
   * @throws {Error} whatever went wrong; the queue tries again, but after the delivery room's MessageRefusedError
   */
  abstract send(sms: Sms, signal: AbortSignal): Promise<void>;
}
