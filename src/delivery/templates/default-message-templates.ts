import { Injectable } from '@nestjs/common';
import { MessageTemplates, type MailContent, type MessageFacts } from '../../two-factor/index.js';
import { htmlMail } from './html.js';
import { german } from './words.de.js';
import { english } from './words.en.js';
import { spanish } from './words.es.js';
import { french } from './words.fr.js';
import { brazilianPortuguese } from './words.pt-br.js';
import type { Words } from './words.js';

const FALLBACK = 'en';
const WORDS: Readonly<Record<string, Words>> = {
  en: english,
  de: german,
  fr: french,
  es: spanish,
  'pt-BR': brazilianPortuguese,
};

/**
 * Plain messages in English, German, French, Spanish and Brazilian Portuguese, without links.
 *
 * A code is in the text of a mail, not in its subject: subjects are shown on locked screens and kept in the logs of mail
 * servers.
 */
@Injectable()
export class DefaultMessageTemplates extends MessageTemplates {
  override readonly languages = Object.keys(WORDS);

  override mail(facts: MessageFacts, asked: string): MailContent {
    const language = asked in WORDS ? asked : FALLBACK;
    const { subject, heading, paragraphs } = content(facts, WORDS[language] ?? english);
    const named = (text: string) => withIssuer(text, facts.issuer);
    const lines = paragraphs.map(named);
    return {
      subject: named(subject),
      text: `${[heading, facts.code, ...lines].filter((part) => part !== undefined).join('\n\n')}\n`,
      html: htmlMail({ language, subject: named(subject), heading, code: facts.code, paragraphs: lines }),
    };
  }

  override sms(facts: MessageFacts, language: string): string {
    const words = WORDS[language] ?? english;
    if (facts.code !== undefined) return withIssuer(words.code.sms(facts.code, facts.minutes ?? 0), facts.issuer);
    const { subject, paragraphs } = content(facts, words);
    return withIssuer(`{issuer}: ${subject}. ${paragraphs.at(-1) ?? ''}`, facts.issuer);
  }
}

/** Beyond this a mail says `999+`: notices hold no long number, which could pass for a code. */
const MOST_TIMES = 999;

function content({ topic, minutes, left, times = 1 }: MessageFacts, words: Words) {
  if (topic === 'code') {
    const { subject, heading, life, advice } = words.code;
    return { subject, heading, paragraphs: [life(minutes ?? 0), advice] };
  }
  const { subject, fact, advice, several } = words.notices[topic];
  const written = times > MOST_TIMES ? `${MOST_TIMES}+` : String(times);
  if (times > 1 && several) {
    return { subject: several.subject, heading: undefined, paragraphs: [several.fact(written), advice] };
  }
  const said = [
    fact,
    ...(times > 1 ? [words.again(written)] : []),
    ...(topic === 'backup-code-used' && left !== undefined ? [words.codesLeft(left)] : []),
  ];
  return { subject, heading: undefined, paragraphs: [said.join(' '), advice] };
}

/**
 * Puts the issuer in. A name cannot break out of its line, nor pass for a code: long numbers in it are parted, as in
 * `Bank 123 456`.
 */
function withIssuer(text: string, issuer: string): string {
  const name = issuer
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .replaceAll(/\p{Nd}{4,}/gu, (digits) => digits.replaceAll(/.{3}(?=.)/gu, '$& '));
  return text.replaceAll('{issuer}', () => name);
}
