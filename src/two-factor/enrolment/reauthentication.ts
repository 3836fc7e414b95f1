import { Injectable } from '@nestjs/common';
import { PasswordVerifier } from '../ports/password-verifier.js';
import { originOf, SecurityEvents, type SecurityEventName } from '../ports/security-events.js';
import type { IncomingRequest, SessionIdentity } from '../ports/session-gateway.js';
import { TrustedDevicesService } from '../trusted-devices/trusted-devices.service.js';
import { TwoFactorException } from '../two-factor.errors.js';

/** Asks a signed-in user for the password again. */
@Injectable()
export class Reauthentication {
  constructor(
    private readonly passwords: PasswordVerifier,
    private readonly devices: TrustedDevicesService,
    private readonly events: SecurityEvents,
  ) {}

  /** @throws {TwoFactorException} INVALID_PASSWORD; TOO_MANY_REQUESTS where the host limits guesses */
  async require(session: SessionIdentity, password: string, request: IncomingRequest): Promise<void> {
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
