import { describe, expect, it } from '@jest/globals';
import { RequireTwoFactor } from '../routes/two-factor.decorators.js';
import { isPhishingResistant, levelOf, reaches, stepUpDemand } from './step-up.js';

const demand = (options: object) => stepUpDemand(options, '@RequireTwoFactor');

describe('the options of a step-up', () => {
  it.each([
    [1, 1],
    [300, 300],
    ['30s', 30],
    ['5m', 300],
    ['24h', 86_400],
    ['30d', 2_592_000],
    [2_592_000, 2_592_000],
  ])('read the age %p as %i seconds', (maxAge, seconds) => {
    expect(demand({ maxAge }).maxAge).toBe(seconds);
  });

  it.each([
    0,
    -1,
    0.5,
    NaN,
    Infinity,
    2_592_001,
    '31d',
    '0m',
    '5',
    '5 m',
    '5min',
    '-5m',
    '1.5h',
    'm',
    '',
    'Infinity',
    null,
    {},
  ])('refuse the age %p', (maxAge) => {
    expect(() => demand({ maxAge })).toThrow(/^@RequireTwoFactor: maxAge must be whole seconds, or text such as '5m'/);
  });

  it('default to any second factor, as long as a session is strong, and refuse accounts without one', () => {
    expect(demand({})).toEqual({ maxAge: null, acr: 'mfa', whenOff: 'refuse' });
    expect(demand({ acr: 'phr', whenOff: 'allow' })).toEqual({ maxAge: null, acr: 'phr', whenOff: 'allow' });
  });

  it.each([
    [{ acr: 'aal2' }, `acr must be 'mfa' or 'phr', not "aal2"`],
    [{ acr: 'toString' }, `acr must be 'mfa' or 'phr', not "toString"`],
    [{ whenOff: true }, `whenOff must be 'allow' or 'refuse', not true`],
    [{ maxage: '5m' }, '@RequireTwoFactor has no option "maxage"; it has maxAge, acr, whenOff'],
  ])('that make no sense are refused where the decorator stands: %p', (options, message) => {
    expect(() => RequireTwoFactor(options as never)).toThrow(RangeError);
    expect(() => RequireTwoFactor(options as never)).toThrow(message);
  });
});

describe('a session', () => {
  const now = new Date();

  it.each([
    [['pwd', 'swk', 'pop', 'user', 'mfa'], true],
    [['pwd', 'hwk', 'pop', 'user', 'mfa'], true],
    [['hwk', 'pop', 'user', 'mfa'], true],
    [['pwd', 'hwk', 'pop', 'mfa'], false],
    [['pwd', 'hwk', 'user', 'mfa'], false],
    [['pwd', 'pop', 'user', 'mfa'], false],
    [['pwd', 'otp', 'mfa'], false],
    [['pwd', 'sms', 'mfa'], false],
    [['pwd'], false],
    [[], false],
    [undefined, false],
  ])('with the methods %p resists phishing: %p', (amr, resists) => {
    expect(isPhishingResistant(amr)).toBe(resists);
    expect(levelOf({ secondFactorAt: now, ...(amr && { amr }) })).toBe(resists ? 'phr' : 'mfa');
  });

  it('has no level without a second factor, whatever its methods say', () => {
    expect(levelOf({ secondFactorAt: null, amr: ['swk', 'pop', 'user', 'mfa'] })).toBe(null);
  });
});

it.each([
  [null, 'mfa', false],
  [null, 'phr', false],
  ['mfa', 'mfa', true],
  ['mfa', 'phr', false],
  ['phr', 'mfa', true],
  ['phr', 'phr', true],
] as const)('the level %p is enough where %p is asked for: %p', (level, asked, enough) => {
  expect(reaches(level, asked)).toBe(enough);
});
