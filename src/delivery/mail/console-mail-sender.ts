import { MailSender, type Mail } from '../../two-factor/index.js';
import { plainText } from '../plain-text.js';

/** Prints mail to standard output, codes and all. For development only. */
export class ConsoleMailSender extends MailSender {
  constructor(private readonly print: (text: string) => void = console.log) {
    super();
  }

  override async send({ to, subject, text }: Mail): Promise<void> {
    this.print(`--- Mail to ${plainText(`${to}: ${subject}`)}\n${plainText(text.trimEnd(), '\n')}\n---`);
  }
}
