import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import type { RateLimiter } from './rate-limiter.js';
import { RateLimitsService } from './rate-limits.service.js';

type Increment = ThrottlerStorage['increment'];

/** Lets the throttler count where everything else is counted. */
@Injectable()
export class LimiterStorage implements ThrottlerStorage {
  private readonly limiters = new Map<string, RateLimiter>();

  constructor(private readonly limits: RateLimitsService) {}

  async increment(...[key, ttl, limit, , name]: Parameters<Increment>): ReturnType<Increment> {
    const { admitted, retryAfter } = await this.limiter(name, limit, ttl).take(key);
    return {
      totalHits: admitted ? limit : limit + 1,
      timeToExpire: retryAfter,
      isBlocked: !admitted,
      timeToBlockExpire: retryAfter,
    };
  }

  private limiter(name: string, times: number, ttl: number): RateLimiter {
    const known = this.limiters.get(name);
    if (known) return known;
    const limiter = this.limits.limiter(name, { times, seconds: ttl / 1000 });
    this.limiters.set(name, limiter);
    return limiter;
  }
}
