import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Budget } from './rate-limits.options.js';

/** Maximum number of separate keys of one budget at a time: about 35 MB. */
const MOST_KEYS = 50_000;

/** Length of the hash prefix that names a shared count, for keys beyond the maximum. 64² counts. */
const SHARED_PREFIX = 2;

/** The count of a key in memory. */
export interface Slot {
  readonly name: string;
  /** Whether other keys use the same count. */
  readonly shared: boolean;
}

/**
 * Counts in the memory of this process. The limiter's timer deletes a count when its window ends.
 *
 * A client that sends random addresses creates keys faster than they end, so the number of keys is bounded. Further
 * keys share a few thousand counts. One key may then be refused for another one's requests, but no request is
 * uncounted.
 */
export class LocalLimiter {
  readonly counts: RateLimiterMemory;
  private readonly windowMs: number;
  private keys = 0;

  constructor(
    { times, seconds }: Budget,
    private readonly mostKeys = MOST_KEYS,
  ) {
    this.counts = new RateLimiterMemory({ points: times, duration: seconds, keyPrefix: '' });
    this.windowMs = seconds * 1000;
  }

  /** @param hash keyed hash: evenly distributed, and clients cannot predict it */
  async slot(hash: string): Promise<Slot> {
    if (this.keys < this.mostKeys || (await this.counts.get(hash)) !== null) return { name: hash, shared: false };
    return { name: hash.slice(0, SHARED_PREFIX), shared: true };
  }

  /** Takes back one count. A window without counts ends, as in Redis. */
  async giveBack({ name }: Slot): Promise<void> {
    const { consumedPoints } = await this.counts.reward(name);
    if (consumedPoints <= 0) await this.counts.delete(name);
  }

  /** Records a key that was counted for the first time in its window. */
  opened({ shared }: Slot): void {
    if (shared) return;
    this.keys++;
    // Also runs for a key that was deleted early, because the limiter cannot tell. The bound is then reached slightly
    // early.
    setTimeout(() => this.keys--, this.windowMs).unref();
  }
}
