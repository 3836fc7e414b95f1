import { Injectable } from '@nestjs/common';
import type { TwoFactorMethod } from '../challenge/challenge.service.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { Factors } from '../factor/factors.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { Database } from '../postgres/database.js';
import { readStatus } from './status.statements.js';

/** How the second factor of an account stands; factors add members of their own. */
export interface TwoFactorStatus {
  readonly enabled: boolean;
  /** What a challenge can be finished with now, the preferred one first. */
  readonly methods: readonly TwoFactorMethod[];
  readonly preferred?: TwoFactorMethod;
  readonly trustedDevices: number;
  /** Whether the session is strong. */
  readonly strong: boolean;
  readonly locked: boolean;
  /** Seconds; null when not locked. */
  readonly lockedFor: number | null;
}

/** Tells the owner how the second factor stands. */
@Injectable()
export class StatusService {
  private readonly readStatus: ReturnType<typeof readStatus>;

  constructor(
    private readonly database: Database,
    private readonly factors: Factors,
    private readonly secondFactor: SecondFactorPolicy,
    registry: FactorRegistry,
  ) {
    this.readStatus = readStatus(registry);
  }

  async of(session: SessionIdentity): Promise<TwoFactorStatus> {
    const { accountId, trustedDeviceId } = session;
    const [stored] = await this.database.query(this.readStatus, { accountId, trustedDeviceId });
    if (!stored) throw new Error('A status is always one row');
    const { on, facts, trustedDevices, lockedFor } = stored;
    const methods = this.factors.usable(facts);
    const [preferred] = methods;
    return {
      enabled: on,
      methods,
      ...(preferred !== undefined && { preferred }),
      ...(await this.factors.status(accountId, facts)),
      trustedDevices,
      strong: this.secondFactor.isStrong(session),
      locked: lockedFor !== null,
      lockedFor,
    };
  }
}
