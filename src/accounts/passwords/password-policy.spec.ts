import { describe, expect, it } from '@jest/globals';
import { passwordFault } from './password-policy.js';

describe('passwordFault', () => {
  it.each([
    ['1234567', 'too-short'],
    ['12345678', null],
    ['x'.repeat(128), null],
    ['x'.repeat(129), 'too-long'],
    ['x'.repeat(100_000), 'too-long'],
    // Code points are counted, not UTF-16 units.
    ['\u{1f511}'.repeat(7), 'too-short'],
    ['\u{1f511}'.repeat(8), null],
    ['\u{1f511}'.repeat(128), null],
    ['\u{1f511}'.repeat(129), 'too-long'],
    ['\u0000'.repeat(8), null],
    ['        ', null],
    ['password\ud83d', 'malformed'],
    ['\udd11password', 'malformed'],
  ])('returns for %j the fault %s', (password, fault) => {
    expect(passwordFault(password)).toBe(fault);
  });
});
