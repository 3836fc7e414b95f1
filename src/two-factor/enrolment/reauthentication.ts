import { Injectable } from '@nestjs/common';
import { EventLog } from '../events/event-log.js';
import { EnrolmentState } from '../factor/enrolment-state.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import type { IncomingRequest } from '../ports/incoming-request.js';
import { PasswordVerifier } from '../ports/password-verifier.js';
import { originOf, type SecurityEventName } from '../ports/security-events.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { TrustedDevicesService } from '../trusted-devices/trusted-devices.service.js';
import { TwoFactorException } from '../two-factor.errors.js';

/**
 * How strong a session must be before the password is asked for:
 * - `always`: strong, whatever the account has
 * - `when-on`: strong once the account has two-factor on
 * - `never`: any session, for what the session itself staged
 */
export type StrengthDemand = 'always' | 'when-on' | 'never';

/**
 * The one place that asks for a strong session and for the password again, in this order: the answer about a password must
 * not reach a session that is too weak to act on it.
 */
@Injectable()
export class Reauthentication {
  constructor(
    private readonly passwords: PasswordVerifier,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly state: EnrolmentState,
    private readonly devices: TrustedDevicesService,
    private readonly events: EventLog,
  ) {}

  /**
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, INVALID_PASSWORD; TOO_MANY_REQUESTS where the host limits guesses
   */
  async require(
    session: SessionIdentity,
    password: string,
    request: IncomingRequest,
    strength: StrengthDemand,
  ): Promise<void> {
    if (strength === 'when-on') await this.secondFactor.require(session);
    if (strength === 'always' && !this.secondFactor.isStrong(session)) {
      throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    }
    await this.requirePassword(session, password, request);
  }

  /**
   * As `require` with a strong session, for what makes no sense while two-factor is off.
   *
   * @throws {TwoFactorException} TWO_FACTOR_NOT_ENABLED in the place of the other errors, where that is why
   */
  async requireEnabled(session: SessionIdentity, password: string, request: IncomingRequest): Promise<void> {
    try {
      await this.require(session, password, request, 'always');
    } catch (refusal) {
      // Asked in this case only: where all is well, the statement that writes finds out.
      const on = !(refusal instanceof TwoFactorException) || (await this.state.isOn(session.accountId));
      throw on ? refusal : new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
    }
  }

  private async requirePassword(session: SessionIdentity, password: string, request: IncomingRequest): Promise<void> {
    const { accountId, trustedDeviceId } = session;
    const trustedDevice = () => this.devices.trusting(accountId, request, trustedDeviceId);
    const right = await this.passwords
      .verify(accountId, password, { request, session, trustedDevice })
      .catch((error: unknown) => {
        if (isThrottled(error)) this.tell('password.throttled', session, request);
        throw error;
      });
    if (right) return;
    this.tell('password.refused', session, request);
    throw new TwoFactorException('INVALID_PASSWORD');
  }

  private tell(name: SecurityEventName, session: SessionIdentity, request: IncomingRequest): void {
    this.events.emit({ name, accountId: session.accountId, ...originOf(request, session) });
  }
}

function isThrottled(error: unknown): boolean {
  return error instanceof TwoFactorException && error.code === 'TOO_MANY_REQUESTS';
}
