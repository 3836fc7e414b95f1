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
    return (await this.redis?.ask(() => this.countThere(hash))) ?? this.countHere(hash);
  }

  /** @returns seconds until `take` would admit the key, 0 for at once; counts nothing */
  async wait(key: string): Promise<number> {
    if (!this.options.enabled) return 0;
    const hash = this.hash(key);
    const read = async (counts: RateLimiterAbstract, name: string) => {
      const result = await counts.get(name);
      return result && result.consumedPoints >= this.budget.times ? seconds(result) : 0;
    };
    const there = await this.redis?.ask(() => read(this.remoteCounts(), hash));
    return there ?? read(this.local.counts, (await this.local.slot(hash)).name);
  }

  private async countThere(hash: string): Promise<Taken> {
    const counts = this.remoteCounts();
    const result = await consume(counts, hash);
    const undo = async (work: () => Promise<unknown>) => void (await this.redis?.ask(work));
    return this.taken(result, {
      giveBack: () => undo(() => counts.reward(hash)),
      clear: () => undo(() => counts.delete(hash)),
    });
  }

  private async countHere(hash: string): Promise<Taken> {
    const { local } = this;
    const slot = await local.slot(hash);
    const result = await consume(local.counts, slot.name);
    if (result.isFirstInDuration) local.opened(slot);
    return this.taken(result, {
      giveBack: () => local.giveBack(slot),
      // Not what others did.
      clear: async () => void (await (slot.shared ? local.giveBack(slot) : local.counts.delete(slot.name))),
    });
  }

  private taken(result: RateLimiterRes, { giveBack, clear }: Pick<Taken, 'giveBack' | 'clear'>): Taken {
    const endsAt = Date.now() + result.msBeforeNext;
    return {
      admitted: result.consumedPoints <= this.budget.times,
      retryAfter: seconds(result),
      // Not from the next window, which knows nothing of it.
      giveBack: async () => (Date.now() < endsAt ? giveBack() : undefined),
      clear,
    };
  }

  private remoteCounts(): RateLimiterRedis {
    if (!this.redis) throw new Error('There is no Redis to count in');
    return (this.remote ??= this.redis.limiter(this.name, this.budget));
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
