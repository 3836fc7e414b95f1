import { setTimeout as sleep } from 'node:timers/promises';

/* A copy for this folder, because it is published with the library and without the rest of the service. */

class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * Runs `work` with a signal that also fires after `ms` milliseconds, and does not wait for work that ignores the
 * signal.
 *
 * @throws `TimeoutError`, the signal's reason or the error of `work`
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limited = new AbortController();
  const timer = setTimeout(() => limited.abort(new TimeoutError()), ms);
  const passOn = () => limited.abort(signal.reason);
  // Not AbortSignal.any: a signal that lives as long as the process would keep memory of each message.
  signal.addEventListener('abort', passOn, { once: true });
  try {
    signal.throwIfAborted();
    return await new Promise<T>((resolve, reject) => {
      limited.signal.addEventListener('abort', () => reject(limited.signal.reason as Error), { once: true });
      work(limited.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', passOn);
  }
}

/** Waits for `work`, but at most `ms` milliseconds. */
export async function waitAtMost(ms: number, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  try {
    await Promise.race([work, sleep(ms, undefined, { signal: ended.signal })]);
  } finally {
    ended.abort();
  }
}
