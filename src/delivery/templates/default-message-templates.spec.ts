import { describe, expect, it } from '@jest/globals';
import type { LinkTopic, MessageFacts, MessageTopic } from '../../two-factor/index.js';
import { DefaultMessageTemplates } from './default-message-templates.js';

const templates = new DefaultMessageTemplates();
const CODE: MessageFacts = { topic: 'code', issuer: 'Acme', code: '012345', minutes: 5 };
const LINKS: readonly LinkTopic[] = ['reset-password', 'verify-email', 'change-email'];
const LINK = 'https://acme.example/api/auth/verify-email?token=a&callbackURL=%2F';
const NOTICES: Record<Exclude<MessageTopic, 'code' | LinkTopic>, true> = {
  'email-change-requested': true,
  'email-changed': true,
  'two-factor-enabled': true,
  'two-factor-disabled': true,
  'method-added': true,
  'method-removed': true,
  'clone-suspected': true,
  'authenticator-replaced': true,
  'backup-codes-replaced': true,
  'backup-code-used': true,
  'device-trusted': true,
  'device-reused': true,
  'verification-locked': true,
  'password-changed': true,
};
const TOPICS = Object.keys(NOTICES) as (keyof typeof NOTICES)[];
const STRANGE_NAMES = ['Bank 123456', '٠١٢٣٤٥٦٧', 'Acme\r\n654321\r\n', '4711', '<b>&"\'</b>', '$& $1 {issuer}'];
/** The characters of the GSM alphabet without `[ ] { } \ ^ | ~ €`, which count twice [3GPP TS 23.038 §6.2.1]. */
const GSM = /^[\n\r !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ]*$/;

describe.each(templates.languages)('the default templates in %s', (language) => {
  it.each(['Acme', ...STRANGE_NAMES])(
    'write a mailed code alone on a line, before all other digits, for the issuer %j',
    (issuer) => {
      const { subject, text } = templates.mail({ ...CODE, issuer }, language);
      expect(text.match(/^012345$/gm)).toHaveLength(1);
      expect(/\p{Nd}+/u.exec(text)?.[0]).toBe('012345');
      expect(subject).not.toContain('012345');
      expect(subject).not.toMatch(/[\r\n]/);
    },
  );

  it('begin a text message with its code and fit it into a single part', () => {
    const text = templates.sms(CODE, language);
    expect(text).toMatch(/^012345 /);
    expect(text).toMatch(GSM);
    expect(text.length).toBeLessThan(120);
  });

  it.each(TOPICS)('write the notice %s without any code in it', (topic) => {
    for (const issuer of STRANGE_NAMES) {
      for (const times of [undefined, 2, 1_234_567]) {
        const facts: MessageFacts = { topic, issuer, left: 9, ...(times && { times }) };
        const { subject, text, html } = templates.mail(facts, language);
        const parts = [subject, text, html, templates.sms(facts, language)];
        for (const part of parts) expect(part).not.toMatch(/\p{Nd}{4}/u);
      }
    }
  });

  it.each(TOPICS)('name the service in the notice %s', (topic) => {
    const { subject, text, html } = templates.mail({ topic, issuer: 'Acme' }, language);
    expect(subject).not.toBe('');
    expect(text).toContain('Acme');
    expect(html).toContain(`<html lang="${language}">`);
    expect(`${subject}${text}${html}`).not.toMatch(/\{issuer\}|undefined|https?:|www\./);
  });

  it.each(TOPICS)('write into the notice %s how often it happened when that is more than once', (topic) => {
    const text = (times?: number) => templates.mail({ topic, issuer: 'Acme', ...(times && { times }) }, language).text;
    expect(text(17)).toMatch(/\b17\b/);
    expect(text(17)).not.toMatch(/undefined/);
    expect(text(2000)).toContain('999+');
    expect(text(1)).toBe(text());
    expect(text()).not.toMatch(/\d/);
  });

  it.each(LINKS)('write the link of the mail %s alone on a line, with no digits before it', (topic) => {
    for (const issuer of ['Acme', ...STRANGE_NAMES]) {
      const { subject, text, html } = templates.mail({ topic, issuer, link: LINK, minutes: 60 }, language);
      const [before = '', after = '', more] = text.split(`\n\n${LINK}\n\n`);
      expect(more).toBeUndefined();
      expect(before).not.toMatch(/\p{Nd}{4}/u);
      expect(after).toMatch(/\b60\b/);
      expect(subject).not.toMatch(/https?:|undefined|\{issuer\}/);
      expect(`${text}${html}`).not.toMatch(/undefined/);
      expect(html.match(/href="[^"]*"/g)).toEqual([`href="${LINK.replace('&', '&amp;')}"`]);
    }
  });

  it('distinguish one code and one minute from several', () => {
    const text = (left: number) => templates.mail({ topic: 'backup-code-used', issuer: 'Acme', left }, language).text;
    expect(new Set([0, 1, 2].map(text)).size).toBe(3);
    expect(text(1)).not.toMatch(/\d/);
    expect(text(7)).toContain('7');
    expect(templates.mail({ ...CODE, minutes: 1 }, language).text).not.toMatch(/\b1\b/);
  });

  it('escape values in HTML', () => {
    const { html } = templates.mail({ ...CODE, issuer: `<script>"'&` }, language);
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script&gt;&quot;&#39;&amp;');
  });
});

describe('DefaultMessageTemplates', () => {
  it('offers English first and falls back to it', () => {
    expect(templates.languages).toEqual(['en', 'de', 'fr', 'es', 'pt-BR']);
    expect(templates.mail(CODE, 'xx')).toEqual(templates.mail(CODE, 'en'));
  });

  it('writes messages as a person would write them', () => {
    expect(templates.mail(CODE, 'en')).toMatchObject({
      subject: 'Your code for Acme',
      text: [
        'Your code:',
        '012345',
        'It works once, within 5 minutes, on Acme.',
        'Do not give it to anyone, not even to somebody who says they work for Acme. If you did not ask for this code, somebody knows your password: change it.\n',
      ].join('\n\n'),
    });
    expect(templates.sms(CODE, 'de')).toBe(
      '012345 ist Ihr Code für Acme. Er gilt 5 Min. Geben Sie ihn niemandem weiter.',
    );
  });
});
