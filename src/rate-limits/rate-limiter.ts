import { createHmac } from 'node:crypto';
import { RateLimiterRes, type RateLimiterAbstract, type RateLimiterRedis } from 'rate-limiter-flexible';
import { LocalLimiter } from './local-limiter.js';
import type { Budget } from './rate-limits.options.js';
import type { RedisConnection } from './redis-connection.js';

/** Kept characters of a base64url hash: 132 bits, so that two keys do not collide. */
const HASH_LENGTH = 22;

/** Result of counting once. */
export interface Taken {
  readonly admitted: boolean;
  /** Whole seconds until the window ends and the full budget is available again; at least 1. */
  readonly retryAfter: number;
  /** Takes back this count. */
  giveBack(): Promise<void>;
  /** Takes back all counts of the window. */
  clear(): Promise<void>;
}

const nothing = () => Promise.resolve();
const UNLIMITED: Taken = { admitted: true, retryAfter: 1, giveBack: nothing, clear: nothing };

/**
 * One budget for many keys. Counts atomically: in Redis together with other processes, or in this process when Redis is
 * not configured or unavailable.
 *
 * A refused request does not extend the window. Keys are stored as keyed hashes only.
 */
export class RateLimiter {
  private readonly local: LocalLimiter;
  private remote: RateLimiterRedis | undefined;

  /** @param redis null: counts only in this process */
  constructor(
    private readonly name: string,
    private readonly budget: Budget,
    private readonly options: { readonly enabled: boolean; readonly secret: Uint8Array },
    private readonly redis: RedisConnection | null,
  ) {
    this.local = new LocalLimiter(budget);
  }

  /** Counts once, admitted or not. Never throws when Redis is unavailable. */
  async take(key: string): Promise<Taken> {
    if (!this.options.enabled) return UNLIMITED;
    const hash = this.hash(key);
    return (await this.redis?.ask(() => this.countThere(hash))) ?? this.countHere(hash);
  }

  /** @returns seconds until `take` would admit the key, 0 for now; does not count */
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
      // A shared count keeps the counts of other keys.
      clear: async () => void (await (slot.shared ? local.giveBack(slot) : local.counts.delete(slot.name))),
    });
  }

  private taken(result: RateLimiterRes, { giveBack, clear }: Pick<Taken, 'giveBack' | 'clear'>): Taken {
    const endsAt = Date.now() + result.msBeforeNext;
    return {
      admitted: result.consumedPoints <= this.budget.times,
      retryAfter: seconds(result),
      // Only within the same window: the next one does not include this count.
      giveBack: async () => (Date.now() < endsAt ? giveBack() : undefined),
      clear,
    };
  }

  private remoteCounts(): RateLimiterRedis {
    if (!this.redis) throw new Error('Redis is not configured');
    return (this.remote ??= this.redis.limiter(this.name, this.budget));
  }

  private hash(key: string): string {
    const digest = createHmac('sha256', this.options.secret).update(`${this.name}\n${key}`).digest('base64url');
    return digest.slice(0, HASH_LENGTH);
  }
}

/** The library throws the result of a count over the budget. */
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
