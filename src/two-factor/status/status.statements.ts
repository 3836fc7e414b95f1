import { lockedFor } from '../attempts/attempts.fragments.js';
import type { FactorRegistry } from '../factor/factor-registry.js';
import type { FactorFacts } from '../factor/factors.js';
import { statement, type Statement } from '../postgres/statement.js';
import { countDevices, sessionScope } from '../trusted-devices/trusted-devices.fragments.js';

/** What the tables say of an account's second factor. */
export interface StoredStatus {
  readonly on: boolean;
  readonly facts: FactorFacts;
  readonly trustedDevices: number;
  /** Seconds until attempts are accepted again on this session; null when they are. */
  readonly lockedFor: number | null;
}

export function readStatus(
  registry: FactorRegistry,
): Statement<StoredStatus, { readonly accountId: string; readonly trustedDeviceId: string | null }> {
  const scope = sessionScope('$accountId', '$trustedDeviceId::text');
  return statement(
    'status',
    `SELECT ${registry.isOn('$accountId')} AS "on",
       ${registry.facts('$accountId', registry.plugins)} AS facts,
       ${countDevices('$accountId')} AS "trustedDevices",
       ${lockedFor('$accountId', scope)} AS "lockedFor"`,
  );
}
