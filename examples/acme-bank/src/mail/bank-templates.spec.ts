import { describe, expect, it } from '@jest/globals';
import { BankTemplates } from './bank-templates.js';

describe('BankTemplates', () => {
  const templates = new BankTemplates();

  it('puts the code alone on a line of the mail', () => {
    const { subject, text } = templates.mail({ topic: 'code', issuer: 'Acme Bank', code: '123456', minutes: 10 });
    expect(subject).not.toContain('123456');
    expect(text.split('\n')).toContain('123456');
  });

  it('writes no digits into a notice', () => {
    expect(templates.mail({ topic: 'two-factor-enabled', issuer: 'Acme Bank' }).text).not.toMatch(/\d/);
  });
});
