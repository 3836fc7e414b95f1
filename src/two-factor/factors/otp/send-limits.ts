import { ACCOUNT_SCOPE } from '../../attempts/scope.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Seconds between two sends on one challenge or session, and between two of an account. */
export const COOL_DOWN = 30;

/** Sends on one challenge, over all channels. */
export const SENDS_PER_CHALLENGE = 5;

/**
 * A budget that refills steadily [generic cell rate algorithm]: `burst` sends at once, then one more every so many
 * seconds. The longest wait for the next one is `every`.
 */
export interface SendBudget {
  /** 0: nothing is sent at all. */
  readonly burst: number;
  readonly every: number;
}

/** A budget under the name that it is counted by. */
export interface SendBucket extends SendBudget {
  readonly bucket: string;
}

/** Sends of an account, to a destination, and of a trusted device. */
const SENDS: SendBudget = { burst: 10, every: HOUR };

/** Sends of one account to a number that no account has proven to be its own. */
const UNPROVEN_NUMBER: SendBudget = { burst: 3, every: 8 * HOUR };

/** Sends of one account to all such numbers: an owner tries few. */
const UNPROVEN_NUMBERS: SendBudget = { burst: 10, every: 2.4 * HOUR };

/** Sends of all accounts to one such number: accounts are free, so a budget by account alone stops no one. */
const UNPROVEN_DESTINATION: SendBudget = { burst: 5, every: 4.8 * HOUR };

/** Ceilings of all text messages together. Each has its own counter, so that unproven numbers use up nothing of owners. */
const CEILINGS = { proven: 'sms', unproven: 'sms-unproven' } as const;

/** Which ceiling is reached when this bucket is empty; null: it is no ceiling. */
export function ceilingOf(bucket: string): 'proven' | 'unproven' | null {
  if (bucket === CEILINGS.proven) return 'proven';
  return bucket === CEILINGS.unproven ? 'unproven' : null;
}

/** What is to be sent, as far as budgets ask. */
export interface Sending {
  readonly accountId: string;
  /** A digest: names of buckets must not tell addresses. */
  readonly destination: string;
  /** Whether the code confirms a method that is not on yet. */
  readonly staged: boolean;
  /** Whether the destination is known to be the account's own. */
  readonly proven: boolean;
  /** The caller's scope of attempts: see `attempts/scope.ts`. */
  readonly scope: string;
}

/**
 * Names of the budgets that an account has for itself, to be dropped with it. Those of destinations stay: a number must not be
 * bombed by accounts that are made and deleted.
 */
export function bucketsOf(accountId: string): { readonly names: readonly string[]; readonly prefix: string } {
  return {
    names: [`account:${accountId}`, `cool-down:${accountId}`, `unproven-account:${accountId}`],
    prefix: `unproven:${accountId}:`,
  };
}

/**
 * The budgets that a send must pass, in the order in which they are taken from. Every send takes its kinds of bucket in
 * this same order, so that two parallel ones never wait for each other; the first one is the narrowest, and a send that
 * fails there takes nothing from the others.
 *
 * An unproven number counts in scopes of its own, so that a stranger who stages it uses up nothing of its owner's. So do
 * sessions through a trusted device, which a stranger does not have.
 *
 * @param smsPerDay ceiling of text messages to proven numbers, ten times that of unproven ones; null for mail
 */
export function sendBuckets(sending: Sending, smsPerDay: number | null): readonly SendBucket[] {
  const own = ownBuckets(sending);
  if (smsPerDay === null) return own;
  const ceiling = sending.proven
    ? { bucket: CEILINGS.proven, ...perDay(smsPerDay) }
    : { bucket: CEILINGS.unproven, ...perDay(Math.ceil(smsPerDay / 10)) };
  return [...own, ceiling];
}

function ownBuckets({ accountId, destination, staged, proven, scope }: Sending): readonly SendBucket[] {
  if (!proven) {
    return [
      { bucket: `unproven:${accountId}:${destination}`, ...UNPROVEN_NUMBER },
      { bucket: `unproven-account:${accountId}`, ...UNPROVEN_NUMBERS },
      { bucket: `unproven-destination:${destination}`, ...UNPROVEN_DESTINATION },
    ];
  }
  if (scope !== ACCOUNT_SCOPE) return [{ bucket: scope, ...SENDS }];
  const sends = [
    { bucket: `account:${accountId}`, ...SENDS },
    { bucket: `destination:${destination}`, ...SENDS },
  ];
  // Confirming a method right after a code for something else is what an owner does.
  return staged ? sends : [{ bucket: `cool-down:${accountId}`, burst: 1, every: COOL_DOWN }, ...sends];
}

/**
 * A budget of which no 24 hours hold more than `most`: half of it at once, the rest spread over the day.
 *
 * After a burst, `most - burst` refills must fall within 24 hours and the next one at their end: that makes one interval
 * more than refills. Intervals are rounded up to milliseconds, so that rounding never lets one more through.
 */
function perDay(most: number): SendBudget {
  const burst = Math.ceil(most / 2);
  return { burst, every: Math.ceil((DAY * 1000) / (most - burst + 1)) / 1000 };
}
