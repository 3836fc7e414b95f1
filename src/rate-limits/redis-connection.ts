import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { answerWithin } from '../deadline.js';
import { errorCode, errorMessage } from '../errors.js';
import type { Budget } from './rate-limits.options.js';

const KEY_PREFIX = 'two-factor:limits';

/** How long one answer may take: what the requests pay that come first when Redis hangs. */
const PATIENCE_MS = 200;
/** After how long without a sign of life a connection is given up for a new one. */
const SOCKET_TIMEOUT_MS = 1000;
const CONNECT_TIMEOUT_MS = 1000;
/** How often to see whether Redis is back. */
const PROBE_INTERVAL_MS = 500;

/**
 * Counts `ARGV[1]` times in a window of `ARGV[2]` seconds; answers the times and the milliseconds that are left of it. A
 * negative number is taken back: from a window that is there, and when nothing is left of it, it ends. Otherwise one could
 * tell from the next window whether somebody signed in before it.
 */
const COUNT = `
  local times = tonumber(ARGV[1])
  if times < 0 and redis.call('exists', KEYS[1]) == 0 then return {0, 0} end
  redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
  local counted = redis.call('incrby', KEYS[1], times)
  if times < 0 and counted <= 0 then
    redis.call('del', KEYS[1])
    return {0, 0}
  end
  return {counted, redis.call('pttl', KEYS[1])}
`;

/**
 * The way to Redis, and whether it can be gone.
 *
 * The first command that fails, for whatever reason, closes it: from then on no request waits for Redis. A probe, which
 * writes as counting does, opens it again. So a server that is down, hangs, is a read-only replica or has no room left
 * all look alike.
 */
export class RedisConnection {
  /** Whether counts can be shared at present. */
  available = false;
  private readonly logger = new Logger('RateLimits');
  private client: Redis | undefined;
  private probe: RateLimiterRedis | undefined;
  private timer: NodeJS.Timeout | undefined;
  private reported: boolean | undefined;
  private closed = false;

  constructor(private readonly url: string) {}

  /** Tries once, for a second or so. Never throws: it goes on trying in the background. */
  async connect(): Promise<void> {
    // Loaded only when used.
    const { Redis: Client } = await import('ioredis');
    this.client = new Client(this.url, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      keepAlive: 10_000,
      // What cannot be counted there now is counted here, and must not be counted there later on.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(100 * attempt, PROBE_INTERVAL_MS),
      // After a failover the name may lead to the new primary.
      reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    });
    this.client.on('error', (error) => this.lost(error));
    this.client.on('close', () => this.lost(new Error('connection closed')));
    this.probe = this.limiter('probe', { times: 1, seconds: 1 });
    try {
      await this.client.connect();
      await this.look();
    } catch (error) {
      this.lost(error);
    }
  }

  /** Counts of one budget. Only after `connect`. */
  limiter(name: string, { times, seconds }: Budget): RateLimiterRedis {
    return new RateLimiterRedis({
      storeClient: this.client,
      points: times,
      duration: seconds,
      keyPrefix: `${KEY_PREFIX}:${name}`,
      customIncrTtlLuaScript: COUNT,
    });
  }

  /** @returns undefined where Redis is away, also where it goes away now */
  async ask<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (!this.available) return undefined;
    try {
      return await answerWithin(PATIENCE_MS, work());
    } catch (error) {
      this.lost(error);
      return undefined;
    }
  }

  /** Keeps requests from Redis until a probe came through. */
  lost(error: unknown): void {
    this.available = false;
    if (this.closed) return;
    if (this.reported !== false) this.logger.warn(`Redis is away (${reason(error)}): limits are counted per process`);
    this.reported = false;
    this.timer ??= setTimeout(() => void this.lookAgain(), PROBE_INTERVAL_MS).unref();
  }

  close(): void {
    this.closed = true;
    this.available = false;
    clearTimeout(this.timer);
    this.client?.disconnect();
  }

  private async lookAgain(): Promise<void> {
    this.timer = undefined;
    await this.look();
  }

  private async look(): Promise<void> {
    try {
      if (this.probe) await answerWithin(PATIENCE_MS, this.probe.consume('any'));
    } catch (error) {
      // A probe beyond its budget was counted all the same.
      if (!(error instanceof RateLimiterRes)) return this.lost(error);
    }
    if (this.closed) return;
    this.available = true;
    if (this.reported === false) this.logger.log('Redis is back: limits are shared again');
    this.reported = true;
  }
}

/** The error's code, or the first word of Redis's own errors, which is one: the rest of some is very long. */
function reason(error: unknown): string {
  const message = errorMessage(error);
  return errorCode(error) ?? /^[A-Z]{3,}(?= )/.exec(message)?.[0] ?? message;
}
