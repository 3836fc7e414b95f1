/** A mail, ready to go. */
export interface Mail {
  /** The same at every attempt, so that whoever gets it twice can tell. A UUID. */
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
   * Settles when the next hop took the mail over.
   *
   * @param signal tells to give up: the queue's patience ends
   * @throws {Error} whatever went wrong; the queue tries again, but after the delivery room's MessageRefusedError
   */
  abstract send(mail: Mail, signal: AbortSignal): Promise<void>;
}
