import { Injectable } from '@nestjs/common';
import { ChallengeService, Database, Random, TwoFactorException, type Prover } from 'nestjs-two-factor';
import { NOT_ENABLED } from './hardware-key.errors.js';
import { NONCE_BYTES } from './hardware-key.js';
import { ISSUE_NONCE } from './hardware-key.sql.js';

/** Issues the nonces that hardware keys respond to. */
@Injectable()
export class HardwareKeyNonces {
  constructor(
    private readonly challenges: ChallengeService,
    private readonly database: Database,
    private readonly random: Random,
  ) {}

  /**
   * Creates a nonce for the caller's challenge or session. It replaces the previous nonce, which is no longer valid.
   *
   * @throws {TwoFactorException} HARDWARE_KEY_NOT_ENABLED, INVALID_TWO_FACTOR_COOKIE, TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE
   */
  async issue(caller: Prover): Promise<Buffer> {
    const { accountId, challengeId, sessionId } = await this.challenges.identify(caller);
    const nonce = this.random.bytes(NONCE_BYTES);
    const issued = await this.database.query(ISSUE_NONCE, { accountId, challengeId, sessionId, nonce });
    if (issued.length === 0) throw new TwoFactorException(NOT_ENABLED);
    return nonce;
  }
}
