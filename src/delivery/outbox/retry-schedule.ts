/** When a message is tried again. */
export interface RetrySchedule {
  /** Milliseconds before the first retry. Default 1,000. */
  readonly firstMs: number;
  /** Share of a message's age that it waits for the next one. Default 0.25. */
  readonly growth: number;
  /** Milliseconds that it waits at most. Default 600,000. */
  readonly maxMs: number;
}

/**
 * A quarter of its age: after an outage no message waits longer than a quarter of what the outage took, and one that
 * lives five minutes is tried some twenty times.
 */
export const defaultRetrySchedule: RetrySchedule = { firstMs: 1000, growth: 0.25, maxMs: 600_000 };

/** Milliseconds to wait after a failed attempt at a message of this age; a tenth either way, by `random` in [0, 1). */
export function retryDelayMs(ageMs: number, schedule: RetrySchedule, random: number = Math.random()): number {
  const delay = Math.min(Math.max(ageMs * schedule.growth, schedule.firstMs), schedule.maxMs);
  return Math.round(delay * (0.9 + random * 0.2));
}
