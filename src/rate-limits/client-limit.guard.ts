import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail, type ThrottlerOptions } from '@nestjs/throttler';
import { TwoFactorException } from '../two-factor/index.js';
import { clientNetwork } from './client-network.js';
import { PasswordRequests } from './password-requests.js';
import { RATE_LIMITS_OPTIONS } from './rate-limits.module-definition.js';
import { REQUESTS_OF_A_CLIENT, type RateLimitsModuleOptions } from './rate-limits.options.js';

const { times, seconds } = REQUESTS_OF_A_CLIENT;

export const THROTTLERS: ThrottlerOptions[] = [{ name: 'client', limit: times, ttl: seconds * 1000 }];

/**
 * Refuses a client network that calls too often, before anything else is done for it: no statement, no hash. For all
 * routes at once, but for those that answer everybody.
 */
@Injectable()
export class ClientLimitGuard extends ThrottlerGuard {
  @Inject(RATE_LIMITS_OPTIONS)
  private readonly limits!: RateLimitsModuleOptions;

  @Inject(PasswordRequests)
  private readonly passwordRequests!: PasswordRequests;

  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    return this.limits.exempt.includes(context.getClass());
  }

  protected override async handleRequest(
    request: Parameters<ThrottlerGuard['handleRequest']>[0],
  ): ReturnType<ThrottlerGuard['handleRequest']> {
    const { context } = request;
    if (!this.limits.passwords.includes(context.getClass())) return super.handleRequest(request);
    await this.passwordRequests.admit(context.switchToHttp().getRequest<{ ip?: string }>().ip);
    return true;
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
