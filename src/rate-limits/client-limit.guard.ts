import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { TwoFactorException } from '../two-factor/index.js';
import { clientNetwork } from './client-network.js';
import { PasswordRequests } from './password-requests.js';
import type { RateLimiter } from './rate-limiter.js';
import { RATE_LIMITS_OPTIONS } from './rate-limits.module-definition.js';
import { REQUESTS_OF_A_CLIENT, type RateLimitsModuleOptions } from './rate-limits.options.js';
import { RateLimitsService } from './rate-limits.service.js';

/**
 * Refuses a client network that calls too often, before any other work: no statement, no hash.
 *
 * One budget covers all routes together. Controllers in `exempt` are not counted. Controllers in `passwords` have their
 * own budgets.
 */
@Injectable()
export class ClientLimitGuard implements CanActivate {
  private readonly requests: RateLimiter;

  constructor(
    limits: RateLimitsService,
    private readonly passwordRequests: PasswordRequests,
    @Inject(RATE_LIMITS_OPTIONS) private readonly options: RateLimitsModuleOptions,
  ) {
    this.requests = limits.limiter('client', REQUESTS_OF_A_CLIENT);
  }

  /** @throws {TwoFactorException} TOO_MANY_REQUESTS */
  async canActivate(context: ExecutionContext): Promise<true> {
    const controller = context.getClass();
    if (this.options.exempt.includes(controller)) return true;
    const { ip } = context.switchToHttp().getRequest<{ ip?: string }>();
    if (this.options.passwords.includes(controller)) {
      await this.passwordRequests.admit(ip);
      return true;
    }
    const { admitted, retryAfter } = await this.requests.take(clientNetwork(ip));
    if (!admitted) throw new TwoFactorException('TOO_MANY_REQUESTS', { retryAfter });
    return true;
  }
}
