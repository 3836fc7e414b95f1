import { createHmac } from 'node:crypto';
import { RateLimiterRes, type RateLimiterAbstract, type RateLimiterRedis } from 'rate-limiter-flexible';
import { LocalLimiter } from './local-limiter.js';
import type { Budget } from './rate-limits.options.js';
import type { RedisConnection } from './redis-connection.js';

/** Characters of base64url that are kept of a hash: 132 bits, so that no two keys ever meet. */
const HASH_LENGTH = 22;

/** What came of counting once more. */
export interface Taken {
  readonly admitted: boolean;
  /** Whole seconds until the window ends, and the whole budget is there again; at least 1. */
  readonly retryAfter: number;
  /** Takes back this one time. */
  giveBack(): Promise<void>;
  /** Takes back all times of the window. */
  clear(): Promise<void>;
}

const nothing = () => Promise.resolve();
const UNLIMITED: Taken = { admitted: true, retryAfter: 1, giveBack: nothing, clear: nothing };

/**
 * One budget for many keys. Counts atomically, in Redis together with other processes, or in this process where there is
 * no Redis, and while it is away.
 *
 * What is refused does not make the window any longer. Keys are stored as keyed hashes only.
 */
export class RateLimiter {
  private readonly local: LocalLimiter;
  private remote: RateLimiterRedis | undefined;

  /** @param redis null: counts are of this process alone */
  constructor(
    private readonly name: string,
    private readonly budget: Budget,
    private readonly options: { readonly enabled: boolean; readonly secret: Uint8Array },
    private readonly redis: RedisConnection | null,
  ) {
    this.local = new LocalLimiter(budget);
  }

  /** Counts once more, admitted or not. Never throws for want of Redis. */
  async take(key: string): Promise<Taken> {
    if (!this.options.enabled) return UNLIMITED;
    const hash = this.hash(key);
    return (await this.shared((counts) => this.count(counts, hash))) ?? this.countHere(hash);
  }

  /** @returns seconds until `take` would admit the key, 0 for at once; counts nothing */
  async wait(key: string): Promise<number> {
    if (!this.options.enabled) return 0;
    const hash = this.hash(key);
    const read = async (counts: RateLimiterAbstract, name: string) => {
      const result = await counts.get(name);
      return result && result.consumedPoints >= this.budget.times ? seconds(result) : 0;
    };
    const slot = () => this.local.slot(hash).then(({ name }) => read(this.local.counts, name));
    return (await this.shared((counts) => read(counts, hash))) ?? slot();
  }

  private async countHere(hash: string): Promise<Taken> {
    const slot = await this.local.slot(hash);
    const taken = await this.count(this.local.counts, slot.name, () => this.local.opened(slot));
    // Others are counted there, too.
    return slot.shared ? { ...taken, clear: taken.giveBack } : taken;
  }

  private async count(counts: RateLimiterAbstract, name: string, opened?: () => void): Promise<Taken> {
    const result = await consume(counts, name);
    if (result.isFirstInDuration) opened?.();
    const endsAt = Date.now() + result.msBeforeNext;
    return {
      admitted: result.consumedPoints <= this.budget.times,
      retryAfter: seconds(result),
      // Not from the next window: it would begin with less than nothing.
      giveBack: () => this.undo(async () => Date.now() < endsAt && counts.reward(name)),
      clear: () => this.undo(() => counts.delete(name)),
    };
  }

  /** What cannot be taken back stays counted. */
  private async undo(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.redis?.lost(error);
    }
  }

  /** @returns undefined where Redis cannot be asked */
  private async shared<T>(work: (counts: RateLimiterRedis) => Promise<T>): Promise<T | undefined> {
    const { redis } = this;
    if (!redis?.available) return undefined;
    try {
      this.remote ??= redis.limiter(this.name, this.budget);
      return await work(this.remote);
    } catch (error) {
      redis.lost(error);
      return undefined;
    }
  }

  private hash(key: string): string {
    const digest = createHmac('sha256', this.options.secret).update(`${this.name}\n${key}`).digest('base64url');
    return digest.slice(0, HASH_LENGTH);
  }
}

/** The library throws what is over the budget. */
async function consume(counts: RateLimiterAbstract, name: string): Promise<RateLimiterRes> {
  try {
    return await counts.consume(name);
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return refused;
    throw refused;
  }
}

function seconds({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000));
}
