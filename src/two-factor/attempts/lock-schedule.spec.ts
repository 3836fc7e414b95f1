import { describe, expect, it } from '@jest/globals';
import { FAILURES_PER_LOCK, FINAL_LOCK, LONGEST_LOCK_SECONDS, nextLockSeconds } from './lock-schedule.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

describe('the lock of an account [NIST SP 800-63B-4 3.2.2]', () => {
  it('begins after every ten failures and becomes final at the hundredth', () => {
    expect(FAILURES_PER_LOCK).toBe(10);
    expect(FAILURES_PER_LOCK * FINAL_LOCK).toBe(100);
  });

  it('lasts a quarter of an hour, then twice as long each time, up to one day', () => {
    const schedule = Array.from({ length: FINAL_LOCK }, (_, locks) => nextLockSeconds(locks));
    expect(schedule).toEqual([
      15 * MINUTE,
      30 * MINUTE,
      1 * HOUR,
      2 * HOUR,
      4 * HOUR,
      8 * HOUR,
      16 * HOUR,
      24 * HOUR,
      24 * HOUR,
      24 * HOUR,
    ]);
  });

  it('reports one day when an operator must unlock the account', () => {
    expect(nextLockSeconds(FINAL_LOCK)).toBe(LONGEST_LOCK_SECONDS);
    expect(nextLockSeconds(5000)).toBe(LONGEST_LOCK_SECONDS);
    expect(LONGEST_LOCK_SECONDS).toBe(86_400);
  });

  it('lasts whole seconds, because Retry-After is an integer', () => {
    for (let locks = 0; locks <= FINAL_LOCK; locks++) expect(Number.isInteger(nextLockSeconds(locks))).toBe(true);
  });
});
