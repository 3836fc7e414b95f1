import { Injectable } from '@nestjs/common';
import { ChallengeService } from '../challenge/challenge.service.js';
import type { Prover } from '../challenge/verification.service.js';
import { TwoFactorException } from '../two-factor.errors.js';

/** Codes by mail or SMS. No sender can be configured yet, so every call says so. */
@Injectable()
export class OtpService {
  constructor(private readonly challenges: ChallengeService) {}

  /** @throws {TwoFactorException} INVALID_TWO_FACTOR_COOKIE for a dead challenge, otherwise OTP_NOT_CONFIGURED */
  async send(caller: Prover): Promise<never> {
    await this.challenges.requireLive(caller);
    throw new TwoFactorException('OTP_NOT_CONFIGURED');
  }

  /** @throws {TwoFactorException} INVALID_TWO_FACTOR_COOKIE for a dead challenge, otherwise OTP_NOT_CONFIGURED */
  async verify(caller: Prover): Promise<never> {
    return this.send(caller);
  }
}
