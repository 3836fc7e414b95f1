import { Injectable } from '@nestjs/common';
import { EnrolmentState } from '../factor/enrolment-state.js';
import { Clock } from '../ports/clock.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import type { Transaction } from '../postgres/transaction.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';

/** Decides whether a session is strong enough for something sensitive [ASVS 7.5.1]. */
@Injectable()
export class SecondFactorPolicy {
  constructor(
    private readonly options: TwoFactorOptions,
    private readonly clock: Clock,
    private readonly state: EnrolmentState,
  ) {}

  /** @returns whether the session proved a second factor, not too long ago */
  isStrong(session: Pick<SessionIdentity, 'secondFactorAt'>): boolean {
    if (!session.secondFactorAt) return false;
    return this.clock.now().getTime() - session.secondFactorAt.getTime() < this.options.strongFor * 1000;
  }

  /** @throws {TwoFactorException} SECOND_FACTOR_REQUIRED when two-factor is on and the session is weak */
  async require(session: SessionIdentity, transaction?: Transaction): Promise<void> {
    if (this.isStrong(session)) return;
    if (await this.state.isOn(session.accountId, transaction)) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
  }
}
