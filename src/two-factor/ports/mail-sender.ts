/** A mail, ready to go. */
export interface Mail {
  /** The same at every attempt, so that a provider can drop duplicates. A UUID. */
  readonly id: string;
  /** One address, without a name. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Sends a mail, or throws. */
export abstract class MailSender {
  /**
   * Settles when the next mail server has accepted the mail.
   *
   * @param signal aborts when the queue's time-out is over
   * @throws {MessageRefusedError} of `nestjs-two-factor/delivery`: permanent, not retried. Every other error is retried
   */
  abstract send(mail: Mail, signal: AbortSignal): Promise<void>;
}
