import { describe, expect, it } from '@jest/globals';
import { maskMailAddress, maskPhoneNumber, parsePhoneNumber } from './destination.js';

describe('the parser of telephone numbers', () => {
  it.each([
    ['+49 151 12345678', '+4915112345678'],
    ['+1 (213) 373-4253', '+12133734253'],
    ['+4915112345678', '+4915112345678'],
  ])('reads %s as %s', (text, number) => {
    expect(parsePhoneNumber(text)).toBe(number);
  });

  it.each(['0151 12345678', '+49', '+999 123', 'ada@example.com', '', '+4915112345678,+4915112345679'])(
    'refuses %j as no telephone number',
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
  ])('refuses the number of %s, because no code is texted to it', (_, text) => {
    expect(parsePhoneNumber(text)).toBeNull();
  });

  it('refuses a number of a country that is not on the list, if there is a list', () => {
    expect(parsePhoneNumber('+4915112345678', ['DE', 'AT'])).toBe('+4915112345678');
    expect(parsePhoneNumber('+4915112345678', ['AT'])).toBeNull();
    expect(parsePhoneNumber('+4915112345678', [])).toBeNull();
  });
});

describe('the mask of a destination', () => {
  it.each([
    ['jane@example.com', 'j•••@e•••.com'],
    ['j@x.co.uk', 'j•••@x•••.uk'],
    ['ada@localhost', 'a•••@l•••'],
  ])('shows %s as %s', (address, mask) => {
    expect(maskMailAddress(address)).toBe(mask);
  });

  it('shows the calling code and two digits of a number', () => {
    expect(maskPhoneNumber('+4915112345642')).toBe('+49 ••• 42');
  });
});
