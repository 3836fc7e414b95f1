/** Failures after which verification locks, and guesses allowed after each lock [NIST SP 800-63B-4 3.2.2]. */
export const FAILURES_PER_LOCK = 10;

/** The lock that only an operator ends: 100 failures in a row. */
export const FINAL_LOCK = 10;

const FIRST_LOCK_SECONDS = 15 * 60;

/** The longest lock that ends by itself, and what `Retry-After` says of the one that does not. */
export const LONGEST_LOCK_SECONDS = 24 * 60 * 60;

/**
 * How long the next lock lasts: 15 minutes, then twice as long each time, a day at most.
 *
 * @param locks locks imposed since the last success
 * @returns seconds; what to tell a client even where an operator must unlock
 */
export function nextLockSeconds(locks: number): number {
  return Math.min(FIRST_LOCK_SECONDS * 2 ** locks, LONGEST_LOCK_SECONDS);
}
