import { describe, expect, it } from '@jest/globals';
import { defaultRetrySchedule, retryDelayMs } from './retry-schedule.js';

const delay = (seconds: number, random = 0.5) => retryDelayMs(seconds * 1000, defaultRetrySchedule, random) / 1000;

describe('retryDelayMs', () => {
  it('grows with the age of the message', () => {
    expect([0, 2, 8, 60, 300].map((age) => delay(age))).toEqual([1, 1, 2, 15, 75]);
  });

  it('is ten minutes at most', () => {
    expect(delay(86_400)).toBe(600);
  });

  it('spreads the retries of messages that failed together', () => {
    expect([0, 0.5, 0.9999].map((random) => delay(60, random))).toEqual([13.5, 15, expect.closeTo(16.5, 2)]);
  });

  it('allows about twenty attempts for a code within its five minutes', () => {
    let [age, attempts] = [0, 1];
    for (age += delay(age); age < 300; age += delay(age)) attempts++;
    expect(attempts).toBeGreaterThanOrEqual(20);
    expect(attempts).toBeLessThanOrEqual(30);
  });
});
