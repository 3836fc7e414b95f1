import { SmsSender, type Sms } from '../../two-factor/index.js';

/** Prints text messages to standard output, codes and all. For development only. */
export class ConsoleSmsSender extends SmsSender {
  constructor(private readonly print: (text: string) => void = console.log) {
    super();
  }

  override async send({ to, text }: Sms): Promise<void> {
    this.print(`--- SMS to ${to}\n${text}\n---`);
  }
}
