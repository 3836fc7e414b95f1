import { MailSender, type Mail } from '../../two-factor/index.js';

/** Prints mail to standard output, codes and all. For development only. */
export class ConsoleMailSender extends MailSender {
  constructor(private readonly print: (text: string) => void = console.log) {
    super();
  }

  override async send({ to, subject, text }: Mail): Promise<void> {
    this.print(`--- Mail to ${to}: ${subject}\n${text.trimEnd()}\n---`);
  }
}
