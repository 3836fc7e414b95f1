import { Controller, Get, Headers, Inject, Optional, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  DeliveryHealth,
  FallbackMailSender,
  FallbackSmsSender,
  OutboxQueue,
  type DeliveryChannel,
} from '../delivery/index.js';
import { PasswordHasher } from '../accounts/passwords/password-hasher.js';
import { RateLimitsService } from '../rate-limits/rate-limits.service.js';

/** The status is `degraded` when the oldest message is older than this. */
const DELAYED_AFTER_SECONDS = 60;
/** How long a response is cached. The route is public: without the cache, its callers could load the database. */
const FRESH_MS = 1000;

/** Options of `HealthModule`; the class is also the injection token. */
export abstract class HealthOptions {
  /** Bearer token for the details, at least 24 characters. `undefined`: production never shows them. */
  abstract readonly token: string | undefined;
  abstract readonly production: boolean;
}

/** Details for an operator's monitor. Other callers get the status only: the details reveal when limits are weaker. */
export interface Health {
  /**
   * `stopping`: the process got the stop signal and answers requests only for a moment.
   * `degraded`: sign-in works, but messages are late, or processes do not share their limits as configured.
   */
  readonly status: 'ok' | 'degraded' | 'down' | 'stopping';
  readonly database: 'up' | 'down';
  /** `off`: no sender is configured; `idle`: this process has sent no message yet. */
  readonly mail: 'ok' | 'failing' | 'idle' | 'off';
  readonly sms: 'ok' | 'failing' | 'idle' | 'off';
  /** Totals over all processes. */
  readonly outbox: 'ok' | 'delayed' | 'unknown';
  /** Where rate limits are counted: `shared` in Redis, `local` in this process, `off`. */
  readonly limits: 'shared' | 'local' | 'off';
  /** Requests of this process that wait for bcrypt. */
  readonly passwords: { readonly waiting: number };
}

/**
 * `GET /health`, outside of the API's prefix: whether a load balancer should send requests here (readiness). 503 when the
 * database is unavailable or the process is stopping, else 200. `GET /api/auth/ok` says whether the process is alive: it answers
 * 200 in both cases, because a restart would not help.
 */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  private latest: Promise<Health> | undefined;
  /** Set at the stop signal. */
  stopping = false;

  constructor(
    private readonly queue: OutboxQueue,
    private readonly health: DeliveryHealth,
    private readonly rateLimits: RateLimitsService,
    private readonly options: HealthOptions,
    private readonly hasher: PasswordHasher,
    @Optional() @Inject(FallbackMailSender) private readonly mail?: FallbackMailSender,
    @Optional() @Inject(FallbackSmsSender) private readonly sms?: FallbackSmsSender,
  ) {}

  @Get()
  async read(
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) response: { status(code: number): unknown },
  ): Promise<Pick<Health, 'status'> | Health> {
    this.latest ??= this.look();
    const health = await this.latest;
    const status = this.stopping ? 'stopping' : health.status;
    response.status(status === 'down' || status === 'stopping' ? 503 : 200);
    return this.mayReadDetails(authorization) ? { ...health, status } : { status };
  }

  /** Without a configured token, only development shows details. */
  private mayReadDetails(authorization: string | undefined): boolean {
    const { token, production } = this.options;
    if (token === undefined) return !production;
    const [, given = ''] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    // Digests have equal length and are compared in constant time: neither reveals how much of a guess is right.
    return timingSafeEqual(digest(given), digest(token));
  }

  private async look(): Promise<Health> {
    setTimeout(() => (this.latest = undefined), FRESH_MS).unref();
    const mail = this.stateOf('mail', this.mail);
    const sms = this.stateOf('sms', this.sms);
    const limits = this.rateLimits.state;
    const passwords = { waiting: this.hasher.waiting };
    try {
      const { oldestSeconds } = await this.queue.state();
      const outbox = oldestSeconds > DELAYED_AFTER_SECONDS ? 'delayed' : 'ok';
      const late = [mail, sms].includes('failing') || outbox === 'delayed';
      const degraded = late || this.rateLimits.degraded;
      return { status: degraded ? 'degraded' : 'ok', database: 'up', mail, sms, outbox, limits, passwords };
    } catch {
      return { status: 'down', database: 'down', mail, sms, outbox: 'unknown', limits, passwords };
    }
  }

  private stateOf(channel: DeliveryChannel, sender: object | undefined) {
    return sender ? this.health.state(channel) : 'off';
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
