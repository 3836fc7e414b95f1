import { SmsSender, type Sms } from '../../two-factor/index.js';
import { plainText } from '../plain-text.js';

/** Prints text messages to standard output, codes and all. For development only. */
export class ConsoleSmsSender extends SmsSender {
  constructor(private readonly print: (text: string) => void = console.log) {
    super();
  }

  override async send({ to, text }: Sms): Promise<void> {
    this.print(`--- SMS to ${plainText(to)}\n${plainText(text, '\n')}\n---`);
  }
}
