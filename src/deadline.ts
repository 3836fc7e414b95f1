import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @returns the answer
 * @throws what the answer fails with; an `Error` when it takes longer than `ms` milliseconds
 */
export async function answerWithin<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    // A busy process may run the timer before it has read an answer that arrived in time: it is read between the two.
    timer = setTimeout(() => setImmediate(() => reject(new Error('no answer in time'))), ms);
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for the end of `work`, but no longer than `ms` milliseconds: for the parts of a shutdown.
 *
 * @throws what `work` fails with in that time
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
