import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Budget } from './rate-limits.options.js';

/** Keys of one budget that are kept apart at a time: some 35 MB. */
const MOST_KEYS = 50_000;

/** Characters of a hash that name the count shared by those for whom there is no room. 64² counts. */
const SHARED_PREFIX = 2;

/** Where in memory a key is counted. */
export interface Slot {
  readonly name: string;
  /** Whether other keys are counted there, too. */
  readonly shared: boolean;
}

/**
 * Counts in the memory of this process. A count ends with its window, by a timer of the limiter's own.
 *
 * Whoever types random addresses makes keys faster than they end, so their number is bounded: further ones share some
 * thousand counts. They may then be refused for what others did, but none goes uncounted.
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

  /** @param hash of a key, evenly spread and beyond the foresight of clients */
  async slot(hash: string): Promise<Slot> {
    if (this.keys < this.mostKeys || (await this.counts.get(hash)) !== null) return { name: hash, shared: false };
    return { name: hash.slice(0, SHARED_PREFIX), shared: true };
  }

  /** Takes back one time. A window with none left ends, as it does in Redis. */
  async giveBack({ name }: Slot): Promise<void> {
    const { consumedPoints } = await this.counts.reward(name);
    if (consumedPoints <= 0) await this.counts.delete(name);
  }

  /** Takes note of a key that was just counted for the first time in its window. */
  opened({ shared }: Slot): void {
    if (shared) return;
    this.keys++;
    // Also for a key that is dropped early, for want of a way to tell: the bound is then reached a little too soon.
    setTimeout(() => this.keys--, this.windowMs).unref();
  }
}
