import { Injectable } from '@nestjs/common';
import { PasswordVerifier } from '../ports/password-verifier.js';
import type { IncomingRequest, SessionIdentity } from '../ports/session-gateway.js';
import { TrustedDevicesService } from '../trusted-devices/trusted-devices.service.js';
import { TwoFactorException } from '../two-factor.errors.js';

/** Asks a signed-in user for the password again. */
@Injectable()
export class PasswordCheckService {
  constructor(
    private readonly passwords: PasswordVerifier,
    private readonly devices: TrustedDevicesService,
  ) {}

  /** @throws {TwoFactorException} INVALID_PASSWORD; TOO_MANY_REQUESTS where the host limits guesses */
  async require(session: SessionIdentity, password: string, request: IncomingRequest): Promise<void> {
    const { accountId, trustedDeviceId } = session;
    const trustedDevice = () => this.devices.trusting(accountId, request, trustedDeviceId);
    const right = await this.passwords.verify(accountId, password, { request, session, trustedDevice });
    if (!right) throw new TwoFactorException('INVALID_PASSWORD');
  }
}
