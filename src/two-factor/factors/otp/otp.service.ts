import { Injectable } from '@nestjs/common';
import type { Guess } from '../../verification/guess.js';
import { ChallengeService } from '../../challenge/challenge.service.js';
import type { Factor, Match } from '../../factor/factor.js';
import { answerOf, type VerificationResponse } from '../../routes/verification.dto.js';
import { VerificationService, type ProofOfCode } from '../../verification/verification.service.js';
import { Channels } from '../../messages/channels.js';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { sameCode } from './one-time-code.js';
import { OtpSenderService } from './otp-sender.service.js';
import { CONFIRM_OTP_METHOD, GUESS_OTP, SPEND_OTP, type LiveCode } from './otp.statements.js';

/** Codes that came by mail or SMS [NIST SP 800-63B-4 3.1.3.2]. */
@Injectable()
export class OtpService implements Factor<readonly LiveCode[]> {
  readonly name = 'otp';
  readonly invalid = 'INVALID_CODE';
  readonly notEnabled = 'OTP_HAS_EXPIRED';
  readonly lockable = true;
  readonly guess = GUESS_OTP;

  constructor(
    private readonly verification: VerificationService,
    private readonly sender: OtpSenderService,
    private readonly channels: Channels,
    private readonly challenges: ChallengeService,
    private readonly alarm: UnreadableSecretReporter,
  ) {}

  /** Finishes a challenge, lifts a session, or confirms the way to send codes that the session staged. */
  async verify(proof: ProofOfCode): Promise<VerificationResponse> {
    if (this.channels.none) {
      await this.challenges.requireLive(proof.caller);
      throw new TwoFactorException('OTP_NOT_CONFIGURED');
    }
    return answerOf(await this.verification.verify(this, proof), proof.exchange);
  }

  /** @throws {UnknownKeyError} after an alarm, when the key that a code is derived with is missing */
  match(code: string, { accountId, sessionId, proof }: Guess<readonly LiveCode[]>): Match | null {
    let match: Match | null = null;
    for (const live of proof) {
      const stored = { ...live, nonce: Buffer.from(live.nonce, 'hex') };
      const expected = this.alarm.watch(accountId, 'one-time-code', () => this.sender.codeOf(stored));
      if (!sameCode(expected, code)) continue;
      // Mail has no word there: its code is a password that is good once.
      const amr = live.channel === 'sms' ? 'sms' : 'otp';
      match = live.staged
        ? { values: [live.id, live.methodId, sessionId], spend: CONFIRM_OTP_METHOD, amr }
        : { values: [live.id], spend: SPEND_OTP, amr };
    }
    return match;
  }
}
