import { AsyncLocalStorage } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';

const deadlines = new AsyncLocalStorage<number>();

/** The time that something may take was over. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * Lets `work`, and all that it calls, wait for the database so long and no longer, over all statements together.
 *
 * For a middleware or hook that every request passes. What is asked for later fails with DatabaseUnavailableError.
 *
 * @param ms milliseconds from now
 */
export function withDatabaseDeadline<T>(ms: number, work: () => T): T {
  return deadlines.run(performance.now() + ms, work);
}

/** @returns milliseconds until the deadline of the request is over; Infinity where there is none */
export function timeLeft(): number {
  return (deadlines.getStore() ?? Infinity) - performance.now();
}

/**
 * @param ms milliseconds that this may take at most; less where the deadline of the request is nearer
 * @throws {TimeoutError} when the time is over; `start` is not even called when there is none left
 */
export async function inTime<T>(ms: number, what: string, start: () => Promise<T>): Promise<T> {
  const left = Math.min(ms, timeLeft());
  if (left <= 0) throw new TimeoutError(`${what}: the time of the request is over`);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`${what}: not within ${Math.ceil(left)} ms`)), left);
  });
  try {
    return await Promise.race([start(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
