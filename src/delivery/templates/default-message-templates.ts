import { Injectable } from '@nestjs/common';
import {
  MessageTemplates,
  type LinkTopic,
  type MailContent,
  type MessageFacts,
  type MessageTopic,
} from '../../two-factor/index.js';
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
 * Plain messages in English, German, French, Spanish and Brazilian Portuguese. Only those that are about a link have one.
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
    const [first, ...others] = lines;
    const { code, link } = facts;
    return {
      subject: named(subject),
      text: `${[heading, code, first, link, ...others].filter((part) => part !== undefined).join('\n\n')}\n`,
      html: htmlMail({ language, subject: named(subject), heading, code, link, paragraphs: lines }),
    };
  }

  override sms(facts: MessageFacts, language: string): string {
    const words = WORDS[language] ?? english;
    if (facts.code !== undefined) return withIssuer(words.code.sms(facts.code, facts.minutes ?? 0), facts.issuer);
    const { subject, paragraphs } = content(facts, words);
    return withIssuer(`{issuer}: ${subject}. ${paragraphs.at(-1) ?? ''}`, facts.issuer);
  }
}

/** Larger numbers are shown as `999+`: a long number in a notice could pass for a code. */
const MOST_TIMES = 999;

function content({ topic, minutes, left, times = 1 }: MessageFacts, words: Words) {
  if (topic === 'code') {
    const { subject, heading, life, advice } = words.code;
    return { subject, heading, paragraphs: [life(minutes ?? 0), advice] };
  }
  if (isLinkTopic(topic)) {
    const { subject, fact, advice } = words.links[topic];
    return { subject, heading: undefined, paragraphs: [fact, words.linkLife(minutes ?? 0), advice] };
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

function isLinkTopic(topic: MessageTopic): topic is LinkTopic {
  return topic in english.links;
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
