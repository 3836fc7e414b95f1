import { Injectable } from '@nestjs/common';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { single, type HttpExchange } from './http-exchange.js';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Cross-site request forgery [ASVS 3.5]: what a browser sends along by itself must come from a trusted page.
 */
@Injectable()
export class OriginPolicy {
  private readonly trusted: ReadonlySet<string>;

  constructor(options: TwoFactorOptions) {
    this.trusted = new Set(options.trustedOrigins);
  }

  /**
   * Lets safe methods and requests without cookies pass, for no browser can be made to send those with authority.
   *
   * @throws {TwoFactorException} INVALID_ORIGIN
   */
  check(exchange: HttpExchange): void {
    const { headers } = exchange.request;
    if (SAFE_METHODS.has(exchange.method) || headers['cookie'] === undefined) return;
    const origin = single(headers['origin']);
    // Pages with a strict referrer policy send `null` to their own origin; only the browser can say it is the same.
    const trusted =
      origin === undefined || origin === 'null'
        ? single(headers['sec-fetch-site']) === 'same-origin'
        : this.trusted.has(origin);
    if (!trusted) throw new TwoFactorException('INVALID_ORIGIN');
  }
}
