import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RateLimiter } from './rate-limiter.js';
import { RATE_LIMITS_OPTIONS } from './rate-limits.module-definition.js';
import type { Budget, RateLimitsModuleOptions } from './rate-limits.options.js';
import { RedisConnection } from './redis-connection.js';

/** Creates limiters and reports where they count. */
@Injectable()
export class RateLimitsService implements OnModuleInit, OnApplicationShutdown {
  private readonly redis: RedisConnection | null;

  constructor(@Inject(RATE_LIMITS_OPTIONS) private readonly options: RateLimitsModuleOptions) {
    this.redis = options.enabled && options.redisUrl !== undefined ? new RedisConnection(options.redisUrl) : null;
  }

  async onModuleInit(): Promise<void> {
    await this.redis?.connect();
    if (this.options.enabled && this.redis === null && this.options.production) {
      new Logger('RateLimits').log('REDIS_URL is not set: limits are counted per process');
    }
  }

  /** Closes at shutdown, not earlier: requests in flight are still counted. */
  onApplicationShutdown(): void {
    this.redis?.close();
  }

  /** @param name unique among all limiters of all processes */
  limiter(name: string, budget: Budget): RateLimiter {
    return new RateLimiter(name, budget, this.options, this.redis);
  }

  /** Where counts are kept: `shared` in Redis, `local` in this process, or `off`. */
  get state(): 'shared' | 'local' | 'off' {
    if (!this.options.enabled) return 'off';
    return this.redis?.available ? 'shared' : 'local';
  }

  /** True when counts should be shared and Redis is unavailable. */
  get degraded(): boolean {
    return this.redis?.available === false;
  }
}
