import { MailSender, type Mail } from '../ports/mail-sender.js';
import { SmsSender, type Sms } from '../ports/sms-sender.js';

/** What both recording senders do. */
class Recording<M extends Mail | Sms> {
  readonly sent: M[] = [];
  private failure: Error | null = null;

  keep(message: M): void {
    if (this.failure) throw this.failure;
    this.sent.push(message);
  }

  fail(failure: Error | null): void {
    this.failure = failure;
  }

  to(recipient: string): M[] {
    return this.sent.filter(({ to }) => to === recipient);
  }

  codeTo(recipient: string): string {
    for (const { text } of this.to(recipient).toReversed()) {
      const [code] = /\b\d{6}\b/.exec(text) ?? [];
      if (code !== undefined) return code;
    }
    throw new Error(`No code was sent to ${recipient}`);
  }
}

/**
 * Keeps mails instead of sending them.
 *
 * @example
 * ```ts
 * const mail = new RecordingMailSender();
 * // … the test asks for a code, and the outbox delivers it
 * const code = mail.codeTo('ada@acme.example');
 * ```
 */
export class RecordingMailSender extends MailSender {
  private readonly recording = new Recording<Mail>();

  /** All mails, in order. */
  get sent(): readonly Mail[] {
    return this.recording.sent;
  }

  override async send(mail: Mail): Promise<void> {
    this.recording.keep(mail);
  }

  /** The mails to one address, in order. */
  to(address: string): readonly Mail[] {
    return this.recording.to(address);
  }

  /** @returns the code of six digits in the latest mail to an address that has one; @throws {Error} when there is none */
  codeTo(address: string): string {
    return this.recording.codeTo(address);
  }

  /** Lets every further mail fail with this error; null: none any more. */
  fail(error: Error | null): void {
    this.recording.fail(error);
  }
}

/** Keeps text messages instead of sending them; see `RecordingMailSender`. */
export class RecordingSmsSender extends SmsSender {
  private readonly recording = new Recording<Sms>();

  /** All text messages, in order. */
  get sent(): readonly Sms[] {
    return this.recording.sent;
  }

  override async send(sms: Sms): Promise<void> {
    this.recording.keep(sms);
  }

  /** The text messages to one number, in order. */
  to(number: string): readonly Sms[] {
    return this.recording.to(number);
  }

  /** @returns the code of six digits in the latest message to a number that has one; @throws {Error} when there is none */
  codeTo(number: string): string {
    return this.recording.codeTo(number);
  }

  /** Lets every further message fail with this error; null: none any more. */
  fail(error: Error | null): void {
    this.recording.fail(error);
  }
}
