import { Injectable } from '@nestjs/common';
import { AccountMethods } from '../factor/account-methods.js';
import { Clock } from '../ports/clock.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { SecondFactorPolicy } from './second-factor-policy.js';
import { levelOf, reaches, stepUpRequired, type StepUpDemand } from './step-up.js';

/** Decides whether a session is strong and fresh enough for one route [RFC 9470]. */
@Injectable()
export class StepUpPolicy {
  constructor(
    private readonly options: TwoFactorOptions,
    private readonly clock: Clock,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly methods: AccountMethods,
  ) {}

  /** The demand of `@RequireSecondFactor`. @throws {TwoFactorException} SECOND_FACTOR_REQUIRED with 403 */
  async requireStrong(session: SessionIdentity): Promise<void> {
    await this.secondFactor.require(session);
  }

  /**
   * Asks the database only about a session that is refused.
   *
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED with what the session lacks; ENROLMENT_REQUIRED when two-factor is
   *   off and the demand refuses that
   */
  async require(session: SessionIdentity, demand: StepUpDemand): Promise<void> {
    const { acr } = demand;
    const maxAge = demand.maxAge ?? this.options.strongFor;
    if (this.isFresh(session, maxAge) && reaches(levelOf(session), acr)) return;
    const methods = await this.methods.of(session.accountId);
    if (methods !== null) throw stepUpRequired({ maxAge, acr, methods }, this.options.stepUpStatus);
    if (demand.whenOff === 'refuse') throw new TwoFactorException('ENROLMENT_REQUIRED');
  }

  private isFresh({ secondFactorAt }: SessionIdentity, maxAge: number): boolean {
    return secondFactorAt !== null && this.clock.now().getTime() - secondFactorAt.getTime() < maxAge * 1000;
  }
}
