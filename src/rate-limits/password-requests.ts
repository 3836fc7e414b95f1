import { Injectable } from '@nestjs/common';
import { TwoFactorException } from '../two-factor/index.js';
import { clientNetwork, surroundingNetworks } from './client-network.js';
import type { RateLimiter, Taken } from './rate-limiter.js';
import {
  PASSWORD_REQUESTS_OF_A_CLIENT,
  PASSWORD_REQUESTS_OF_A_HOLDER,
  PASSWORD_REQUESTS_OF_A_SITE,
} from './rate-limits.options.js';
import { RateLimitsService } from './rate-limits.service.js';

/**
 * Counts the requests that check or hash a password by client network and by the networks around it.
 *
 * bcrypt costs a core a quarter of a second. The holder of one IPv6 /48 has 65,536 networks of size /64, and would meet
 * no limit if only those were counted.
 */
@Injectable()
export class PasswordRequests {
  private readonly ofClient: RateLimiter;
  private readonly ofSite: RateLimiter;
  private readonly ofHolder: RateLimiter;

  constructor(limits: RateLimitsService) {
    this.ofClient = limits.limiter('client-passwords', PASSWORD_REQUESTS_OF_A_CLIENT);
    this.ofSite = limits.limiter('site-passwords', PASSWORD_REQUESTS_OF_A_SITE);
    this.ofHolder = limits.limiter('holder-passwords', PASSWORD_REQUESTS_OF_A_HOLDER);
  }

  /**
   * Counts one request. A request that its own network's budget refuses does not count against the wider networks.
   * Otherwise a single client would use up the budget of its neighbours.
   *
   * @param ip address of the client, as the HTTP server resolved it
   * @throws {TwoFactorException} TOO_MANY_REQUESTS
   */
  async admit(ip: string | undefined): Promise<void> {
    const [site, holder] = surroundingNetworks(ip);
    const taken: Taken[] = [];
    const budgets: Array<readonly [RateLimiter, string | undefined]> = [
      [this.ofClient, clientNetwork(ip)],
      [this.ofSite, site],
      [this.ofHolder, holder],
    ];
    for (const [limiter, network] of budgets) {
      if (network === undefined) return;
      const count = await limiter.take(network);
      if (!count.admitted) {
        await Promise.all(taken.map((narrower) => narrower.giveBack()));
        throw new TwoFactorException('TOO_MANY_REQUESTS', { retryAfter: count.retryAfter });
      }
      taken.push(count);
    }
  }
}
