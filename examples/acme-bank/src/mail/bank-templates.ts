import { Injectable } from '@nestjs/common';
import { MessageTemplates, type MailContent, type MessageFacts } from 'nestjs-two-factor';

/** The bank's own words. */
@Injectable()
export class BankTemplates extends MessageTemplates {
  override readonly languages = ['en'];

  override mail(facts: MessageFacts): MailContent {
    const lines = facts.code === undefined ? [notice(facts)] : ['Your code is', facts.code, `Tell it to no one.`];
    return {
      subject: facts.code === undefined ? `${facts.issuer}: your security settings` : `${facts.issuer}: your code`,
      text: lines.join('\n\n'),
      html: lines.map((line) => `<p>${line}</p>`).join(''),
    };
  }

  override sms(facts: MessageFacts): string {
    return facts.code === undefined ? notice(facts) : `${facts.issuer}: ${facts.code}`;
  }
}

/** A notice holds no run of digits, which could pass for a code. */
function notice({ topic }: MessageFacts): string {
  return `This happened to your account: ${topic.replaceAll('-', ' ')}. Call us if it was not you.`;
}
