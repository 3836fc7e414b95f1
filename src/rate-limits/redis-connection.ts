import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { answerWithin } from '../deadline.js';
import { errorCode, errorMessage } from '../errors.js';
import type { Budget } from './rate-limits.options.js';

const KEY_PREFIX = 'two-factor:limits';

/** Limit of one command, in milliseconds: the delay of the first requests when Redis hangs. */
const PATIENCE_MS = 200;
/** A connection without any answer is replaced after this time, in milliseconds. */
const SOCKET_TIMEOUT_MS = 1000;
const CONNECT_TIMEOUT_MS = 1000;
/** Interval between probes of an unavailable Redis, in milliseconds. */
const PROBE_INTERVAL_MS = 500;

/**
 * Counts `ARGV[1]` times in a window of `ARGV[2]` seconds. Returns the count and the remaining milliseconds of the
 * window. A negative number takes counts back, only from an existing window; a window without counts ends. Otherwise
 * the next window would reveal an earlier sign-in.
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
 * The connection to Redis, which may fail at any time.
 *
 * The first failed command marks Redis as unavailable, and no request waits for it from then on. A probe, which writes
 * as counting does, marks it as available again. So a server that is down, hangs, is a read-only replica or is out of
 * memory is handled the same way.
 */
export class RedisConnection {
  /** Whether counts can be shared now. */
  available = false;
  private readonly logger = new Logger('RateLimits');
  private client: Redis | undefined;
  private probe: RateLimiterRedis | undefined;
  private timer: NodeJS.Timeout | undefined;
  private reported: boolean | undefined;
  private closed = false;

  constructor(private readonly url: string) {}

  /** Connects once, for about a second. Never throws: the connection retries in the background. */
  async connect(): Promise<void> {
    // Loaded on use: most development machines have no Redis.
    const { Redis: Client } = await import('ioredis');
    this.client = new Client(this.url, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      keepAlive: 10_000,
      // A count that Redis misses is counted locally, so the client must not send it to Redis later.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(100 * attempt, PROBE_INTERVAL_MS),
      // After a failover, the host name may resolve to the new primary.
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

  /** Creates the counter of one budget. Call it only after `connect`. */
  limiter(name: string, { times, seconds }: Budget): RateLimiterRedis {
    return new RateLimiterRedis({
      storeClient: this.client,
      points: times,
      duration: seconds,
      keyPrefix: `${KEY_PREFIX}:${name}`,
      customIncrTtlLuaScript: COUNT,
    });
  }

  /** @returns undefined when Redis is unavailable or the command fails */
  async ask<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (!this.available) return undefined;
    try {
      return await answerWithin(PATIENCE_MS, work());
    } catch (error) {
      this.lost(error);
      return undefined;
    }
  }

  /** Stops using Redis until a probe succeeds. */
  lost(error: unknown): void {
    this.available = false;
    if (this.closed) return;
    if (this.reported !== false)
      this.logger.warn(`Redis is unavailable (${reason(error)}): limits are counted per process`);
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
      // A probe over its budget was counted, too, so Redis works.
      if (!(error instanceof RateLimiterRes)) return this.lost(error);
    }
    if (this.closed) return;
    this.available = true;
    if (this.reported === false) this.logger.log('Redis is available again: limits are shared');
    this.reported = true;
  }
}

/** @returns the error's code, or the code at the start of Redis's own errors: some of their messages are very long */
function reason(error: unknown): string {
  const message = errorMessage(error);
  return errorCode(error) ?? /^[A-Z]{3,}(?= )/.exec(message)?.[0] ?? message;
}
