import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @returns the result of the work
 * @throws the error of the work; an `Error` after `ms` milliseconds
 */
export async function answerWithin<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    // A busy process may run the timer before it reads an answer that arrived in time. `setImmediate` lets it read
    // first.
    timer = setTimeout(() => setImmediate(() => reject(new Error('no answer in time'))), ms);
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for `work`, but at most `ms` milliseconds. For the steps of a shutdown.
 *
 * @throws the error of `work` within that time
 */
export async function waitAtMost(ms: number, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const timeout = sleep(ms, undefined, { ref: false, signal: ended.signal }).catch(() => undefined);
  try {
    await Promise.race([work, timeout]);
  } finally {
    ended.abort();
  }
}
