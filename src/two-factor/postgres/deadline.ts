import { performance } from 'node:perf_hooks';
import { timeLeft } from './request-scope.js';

/** How often the clock is read while something is waited for, in milliseconds: how much later than asked a wait may end. */
const TICK_MS = 25;

/** The time that something may take was over. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** Something that is waited for. */
interface Wait {
  /** By `performance.now()`, in milliseconds. */
  readonly until: number;
  readonly fail: () => void;
}

/**
 * Everything that the process waits for. One timer serves all waits, because a request waits for several statements, and
 * a timer for each is a good part of its cost.
 */
const waits = new Set<Wait>();
let ticking = false;

/**
 * @param ms milliseconds that this may take at most; less where the deadline of the request is nearer. It may take up to
 *   `TICK_MS` more
 * @throws {TimeoutError} when the time is over; `start` is not even called when there is none left
 */
export function inTime<T>(ms: number, what: string, start: () => Promise<T>): Promise<T> {
  const left = Math.min(ms, timeLeft());
  return new Promise<T>((resolve, reject) => {
    if (left <= 0) {
      reject(new TimeoutError(`${what}: the time of the request is over`));
      return;
    }
    const wait: Wait = {
      until: performance.now() + left,
      fail: () => reject(new TimeoutError(`${what}: not within ${Math.ceil(left)} ms`)),
    };
    const work = start();
    waits.add(wait);
    work.then(
      (value) => {
        waits.delete(wait);
        resolve(value);
      },
      (error: unknown) => {
        waits.delete(wait);
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- hands on what `start` was rejected with
        reject(error);
      },
    );
    if (!ticking) tick();
  });
}

function tick(): void {
  ticking = true;
  setTimeout(() => {
    // A busy process may run the timer before it reads an answer that arrived in time. `setImmediate` lets it read first.
    setImmediate(() => {
      const now = performance.now();
      for (const wait of waits) {
        if (wait.until > now) continue;
        waits.delete(wait);
        wait.fail();
      }
      ticking = false;
      if (waits.size > 0) tick();
    });
  }, TICK_MS);
}
