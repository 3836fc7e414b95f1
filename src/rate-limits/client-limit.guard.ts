import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail, type ThrottlerOptions } from '@nestjs/throttler';
import { TwoFactorException } from '../two-factor/index.js';
import { clientNetwork } from './client-network.js';
import { RATE_LIMITS_OPTIONS } from './rate-limits.module-definition.js';
import {
  PASSWORD_REQUESTS_OF_A_CLIENT,
  REQUESTS_OF_A_CLIENT,
  type Budget,
  type RateLimitsModuleOptions,
} from './rate-limits.options.js';

const REQUESTS = 'client';
const PASSWORD_REQUESTS = 'client-passwords';

/** A request is counted by one of them. */
export const THROTTLERS: ThrottlerOptions[] = [
  throttler(REQUESTS, REQUESTS_OF_A_CLIENT),
  throttler(PASSWORD_REQUESTS, PASSWORD_REQUESTS_OF_A_CLIENT),
];

function throttler(name: string, { times, seconds }: Budget): ThrottlerOptions {
  return { name, limit: times, ttl: seconds * 1000 };
}

/**
 * Refuses a client network that calls too often, before anything else is done for it: no statement, no hash. For all
 * routes at once, but for those that answer everybody.
 */
@Injectable()
export class ClientLimitGuard extends ThrottlerGuard {
  @Inject(RATE_LIMITS_OPTIONS)
  private readonly limits!: RateLimitsModuleOptions;

  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    return this.limits.exempt.includes(context.getClass());
  }

  protected override async handleRequest(
    request: Parameters<ThrottlerGuard['handleRequest']>[0],
  ): ReturnType<ThrottlerGuard['handleRequest']> {
    const checksPasswords = this.limits.passwords.includes(request.context.getClass());
    const counted = checksPasswords ? PASSWORD_REQUESTS : REQUESTS;
    return request.throttler.name === counted ? super.handleRequest(request) : true;
  }

  protected override async getTracker({ ip }: { ip?: string }): Promise<string> {
    return clientNetwork(ip);
  }

  /** Not by route, as it is by default. */
  protected override generateKey(_context: ExecutionContext, network: string): string {
    return network;
  }

  /** @throws {TwoFactorException} TOO_MANY_REQUESTS */
  protected override async throwThrottlingException(
    _context: ExecutionContext,
    { timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    throw new TwoFactorException('TOO_MANY_REQUESTS', { retryAfter: timeToBlockExpire });
  }
}
