import { describe, expect, it } from '@jest/globals';
import { maskMailAddress, maskPhoneNumber, parsePhoneNumber } from './destination.js';

describe('a telephone number', () => {
  it.each([
    ['+49 151 12345678', '+4915112345678'],
    ['+1 (213) 373-4253', '+12133734253'],
    ['+4915112345678', '+4915112345678'],
  ])('%s is read as %s', (text, number) => {
    expect(parsePhoneNumber(text)).toBe(number);
  });

  it.each(['0151 12345678', '+49', '+999 123', 'ada@example.com', '', '+4915112345678,+4915112345679'])(
    '%j is none',
    (text) => {
      expect(parsePhoneNumber(text)).toBeNull();
    },
  );

  it.each([
    ['international premium rate', '+979 123 456 789'],
    ['a satellite', '+881 612 345 678'],
    ['a ship', '+870 773 111 632'],
    ['a network of no country', '+882 16 1234567'],
    ['premium rate in Germany', '+49 900 1234567'],
    ['premium rate in Britain', '+44 909 123 4567'],
    ['premium rate in the United States', '+1 900 555 1234'],
    ['a personal number', '+44 70 1234 5678'],
    ['free of charge', '+1 800 555 1234'],
    ['a fixed line', '+49 30 12345678'],
  ])('of %s is none, since no code is texted to it', (_, text) => {
    expect(parsePhoneNumber(text)).toBeNull();
  });

  it('must be of a country on the list, where there is one', () => {
    expect(parsePhoneNumber('+4915112345678', ['DE', 'AT'])).toBe('+4915112345678');
    expect(parsePhoneNumber('+4915112345678', ['AT'])).toBeNull();
    expect(parsePhoneNumber('+4915112345678', [])).toBeNull();
  });
});

describe('a masked destination', () => {
  it.each([
    ['jane@example.com', 'j•••@e•••.com'],
    ['j@x.co.uk', 'j•••@x•••.uk'],
    ['ada@localhost', 'a•••@l•••'],
  ])('of %s is %s', (address, mask) => {
    expect(maskMailAddress(address)).toBe(mask);
  });

  it('of a number tells calling code and two digits', () => {
    expect(maskPhoneNumber('+4915112345642')).toBe('+49 ••• 42');
  });
});
