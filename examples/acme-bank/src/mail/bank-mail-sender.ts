import { Injectable } from '@nestjs/common';
import { MailSender, type Mail } from 'nestjs-two-factor';

/** The bank's mail gateway. This one keeps the mails, for the tests to read; put a call of yours in its place. */
@Injectable()
export class BankMailSender extends MailSender {
  readonly sent: Mail[] = [];

  override async send(mail: Mail): Promise<void> {
    this.sent.push(mail);
  }
}
