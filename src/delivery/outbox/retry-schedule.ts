/** Retry delays of a message. */
export interface RetrySchedule {
  /** Milliseconds before the first retry. Default 1,000. */
  readonly firstMs: number;
  /** Delay as a share of the message's age. Default 0.25. */
  readonly growth: number;
  /** Maximum delay in milliseconds. Default 600,000. */
  readonly maxMs: number;
}

/**
 * A quarter of the age: after an outage no message waits longer than a quarter of the outage's duration, and a message
 * with a lifetime of five minutes is tried about twenty times.
 */
export const defaultRetrySchedule: RetrySchedule = { firstMs: 1000, growth: 0.25, maxMs: 600_000 };

/**
 * @returns milliseconds to wait after a failed attempt at a message of this age, varied by 10 % by `random` in [0, 1)
 */
export function retryDelayMs(ageMs: number, schedule: RetrySchedule, random: number = Math.random()): number {
  const delay = Math.min(Math.max(ageMs * schedule.growth, schedule.firstMs), schedule.maxMs);
  return Math.round(delay * (0.9 + random * 0.2));
}
