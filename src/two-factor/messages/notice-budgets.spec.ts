import { describe, expect, it } from '@jest/globals';
import { ALARMING, countedAddress, PROVEN, UNPROVEN } from './notice-budgets.js';

describe('an address is counted', () => {
  it.each([
    ['Ada@Example.com', 'ada@example.com'],
    ['ada+1@example.com', 'ada+@example.com'],
    ['ada+2+3@example.com', 'ada+@example.com'],
    ['+ada@example.com', '+ada@example.com'],
  ])('%s as %s', (address, counted) => {
    expect(countedAddress(address)).toBe(counted);
  });

  it('apart from its sub-addresses, which any stranger can make up', () => {
    expect(countedAddress('ada+1@example.com')).not.toBe(countedAddress('ada@example.com'));
  });
});

describe('a budget', () => {
  it.each([
    ['of a proven address', PROVEN, 20],
    ['of an address that never proved itself', UNPROVEN, 1],
  ])('%s refills %s', (_, { burst, everyHours, reserve }, perDay) => {
    expect(24 / everyHours).toBeCloseTo(perDay);
    expect(reserve).toBeGreaterThan(0);
    expect(reserve).toBeLessThan(burst);
  });

  it('keeps its reserve for what a thief does', () => {
    const topics = Object.entries(ALARMING).flatMap(([topic, alarming]) => (alarming ? [topic] : []));
    expect(topics.toSorted((a, b) => a.localeCompare(b))).toEqual([
      'authenticator-replaced',
      'backup-codes-replaced',
      'device-reused',
      'method-added',
      'password-changed',
      'two-factor-disabled',
    ]);
  });
});
