import { setTimeout as sleep } from 'node:timers/promises';
import { learnFromMessage } from './leaks/traffic.js';
import { MailSender, SmsSender, type Mail, type Sms } from '../../src/two-factor/index.js';

const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 5;

class RecordedMail extends MailSender {
  readonly sent: Mail[] = [];

  override async send(mail: Mail): Promise<void> {
    learnFromMessage(mail.text);
    this.sent.push(mail);
  }
}

class RecordedSms extends SmsSender {
  readonly sent: Sms[] = [];

  override async send(sms: Sms): Promise<void> {
    learnFromMessage(sms.text);
    this.sent.push(sms);
  }
}

/** Senders that record every message instead of sending it. */
export class Messages {
  readonly mail = new RecordedMail();
  readonly sms = new RecordedSms();

  mailsTo(address: string): Mail[] {
    return this.mail.sent.filter(({ to }) => to === address);
  }

  /** Waits for a mail to an address whose text matches. */
  async mailTo(address: string, text = /(?:)/): Promise<Mail> {
    return until(() => this.mailsTo(address).find((mail) => text.test(mail.text)));
  }

  /** Waits for the n-th text message to a number. */
  async textTo(number: string, nth = 1): Promise<Sms> {
    return until(() => this.sms.sent.filter(({ to }) => to === number)[nth - 1]);
  }

  /** Waits for the n-th mail with a code to an address. @returns the code, which stands alone on a line */
  async codeMailedTo(address: string, nth = 1): Promise<string> {
    return until(() => {
      const codes = this.mailsTo(address).map(({ text }) => /^\d{6}$/m.exec(text)?.[0]);
      return codes.filter((code) => code !== undefined)[nth - 1];
    });
  }
}

/** Polls until `look` returns a value. */
export async function until<T>(look: () => T | undefined): Promise<T> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(LOOK_AGAIN_MS)) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error('The message did not come');
}
