import { Injectable, Logger } from '@nestjs/common';
import { SecurityEvents, type SecurityEvent } from '../ports/security-events.js';

const WARNINGS: ReadonlySet<SecurityEvent['name']> = new Set([
  'two-factor.locked',
  'two-factor.disabled',
  'two-factor.device-reused',
  'two-factor.clone-suspected',
  'two-factor.reset',
  'sms.ceiling-reached',
  'sign-in.throttled',
  'password.throttled',
]);

/** Faults of ours or an attack: an operator must look at once. */
const ALARMS: ReadonlySet<SecurityEvent['name']> = new Set(['two-factor.secret-unreadable']);

/** Writes every event to Nest's log. */
@Injectable()
export class LogSecurityEvents extends SecurityEvents {
  private readonly logger = new Logger('TwoFactor');

  override emit(event: SecurityEvent): void {
    // A client may write anything into its user agent, so the log leaves it out.
    const { name, details, userAgent: _, ...origin } = event;
    const line = { event: name, ...origin, ...details };
    if (ALARMS.has(event.name)) this.logger.error(line);
    else if (WARNINGS.has(event.name)) this.logger.warn(line);
    else this.logger.log(line);
  }
}
