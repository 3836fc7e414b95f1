import { describe, expect, it } from '@jest/globals';
import { parseEmailAddress } from './email-address.js';

describe('parseEmailAddress', () => {
  it.each([
    ['ada@example.com', 'ada@example.com'],
    ['Ada.Lovelace+Test@EXAMPLE.com', 'ada.lovelace+test@example.com'],
    ['ada@München.example', 'ada@xn--mnchen-3ya.example'],
    ['ada@XN--MNCHEN-3YA.example', 'ada@xn--mnchen-3ya.example'],
  ])('parses %s to %s', (text, canonical) => {
    expect(parseEmailAddress(text)).toBe(canonical);
  });

  it('returns an address that it returned before unchanged', () => {
    const once = parseEmailAddress('Ada@MÜNCHEN.example') ?? '';
    expect(parseEmailAddress(once)).toBe(once);
  });

  it.each([
    '',
    'ada',
    'ada@',
    '@example.com',
    'ada@example',
    ' ada@example.com',
    'ada@example.com\r\nBcc: eve@example.com',
    'ada\u0000@example.com',
    '"a\u0001b"@example.com',
    'adä@example.com',
    // KELVIN SIGN becomes the letter k in lower case.
    'mi\u212ae@example.com',
    'ada@ex%61mple.com',
    'ada@[127.0.0.1]',
    `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(20)}.com`,
  ])('refuses %j as an address', (text) => {
    expect(parseEmailAddress(text)).toBeNull();
  });

  it.each(['password\udfff', 'ada\ud800@example.com', 'ada@exa\udfffmple.com'])(
    'refuses an address with a lone surrogate: %j',
    (text) => {
      expect(parseEmailAddress(text)).toBeNull();
    },
  );
});
