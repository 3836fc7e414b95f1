import { ACCOUNT_LANE } from '../attempts/lane.js';

/** Seconds between two sends on one challenge or session. */
export const COOL_DOWN = 30;

/** Sends on one challenge, over all channels. */
export const SENDS_PER_CHALLENGE = 5;

/** Sends a day for an account, and to a destination. */
const SENDS_PER_DAY = 20;

/** Sends a day of one account to a number that nobody has proven to be its own. */
const UNPROVEN_PER_DAY = 3;

/** Sends a day of one account to all such numbers: who tries many is no owner. */
const UNPROVEN_NUMBERS_PER_DAY = 10;

/** A counter, and where it stops. */
export interface SendBucket {
  readonly bucket: string;
  readonly most: number;
}

/**
 * The counters that a send must pass. A number not yet proven counts in a lane of its own, so that a stranger who stages
 * it uses up nothing of its owner's; and so do sessions through a trusted device, which no stranger has.
 *
 * @param lane the caller's lane of attempts: see `attempts/lane.ts`
 * @param destination a digest: counters must not tell addresses
 * @param smsPerDay ceiling of all text messages, null for mail
 */
export function sendBuckets(
  { accountId, destination, proven, lane }: { accountId: string; destination: string; proven: boolean; lane: string },
  smsPerDay: number | null,
): readonly SendBucket[] {
  const own = proven
    ? lane === ACCOUNT_LANE
      ? [
          { bucket: `account:${accountId}`, most: SENDS_PER_DAY },
          { bucket: `destination:${destination}`, most: SENDS_PER_DAY },
        ]
      : [{ bucket: lane, most: SENDS_PER_DAY }]
    : [
        { bucket: `unproven:${accountId}:${destination}`, most: UNPROVEN_PER_DAY },
        { bucket: `unproven-account:${accountId}`, most: UNPROVEN_NUMBERS_PER_DAY },
      ];
  return smsPerDay === null ? own : [...own, { bucket: 'sms', most: smsPerDay }];
}
