import { describe, expect, it } from '@jest/globals';
import { ALARMING, countedAddress, PROVEN, UNPROVEN } from './notice-budgets.js';

describe('the budget of an address', () => {
  it.each([
    ['Ada@Example.com', 'ada@example.com'],
    ['ada+1@example.com', 'ada+@example.com'],
    ['ada+2+3@example.com', 'ada+@example.com'],
    ['+ada@example.com', '+ada@example.com'],
  ])('counts %s as %s', (address, counted) => {
    expect(countedAddress(address)).toBe(counted);
  });

  it('counts an address separately from its sub-addresses, which any stranger can invent', () => {
    expect(countedAddress('ada+1@example.com')).not.toBe(countedAddress('ada@example.com'));
  });
});

describe('a budget of notices', () => {
  it.each([
    ['a proven address 20 times a day', PROVEN, 20],
    ['an unproven address once a day', UNPROVEN, 1],
  ])('refills for %s, and keeps a reserve', (_, { burst, everyHours, reserve }, perDay) => {
    expect(24 / everyHours).toBeCloseTo(perDay);
    expect(reserve).toBeGreaterThan(0);
    expect(reserve).toBeLessThan(burst);
  });

  it('keeps its reserve for alarming topics', () => {
    const topics = Object.entries(ALARMING).flatMap(([topic, alarming]) => (alarming ? [topic] : []));
    expect(topics.toSorted((a, b) => a.localeCompare(b))).toEqual([
      'authenticator-replaced',
      'backup-codes-replaced',
      'clone-suspected',
      'device-reused',
      'method-added',
      'method-removed',
      'password-changed',
      'two-factor-disabled',
    ]);
  });
});
