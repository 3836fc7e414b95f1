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
