import type { NoticeTopic } from '../ports/message-templates.js';

/**
 * Whether a topic tells of what a thief does on the way to an account. Noise must not use up what these need: the other
 * topics leave the last mails of a budget to them.
 */
export const ALARMING: Readonly<Record<NoticeTopic, boolean>> = {
  'two-factor-enabled': false,
  'two-factor-disabled': true,
  'method-added': true,
  'method-removed': true,
  'clone-suspected': true,
  'authenticator-replaced': true,
  'backup-codes-replaced': true,
  'backup-code-used': false,
  'device-trusted': false,
  'device-reused': true,
  'verification-locked': false,
  'password-changed': true,
};

/** How many notices may be sent at once, how fast that refills, and how many are for alarming topics alone. */
interface NoticeBudget {
  readonly burst: number;
  /** Hours until one more may be sent. */
  readonly everyHours: number;
  readonly reserve: number;
}

/** An address that proved to be its owner's: 20 mails a day. */
export const PROVEN: NoticeBudget = { burst: 20, everyHours: 24 / 20, reserve: 5 };

/** Any other address, which may be a stranger's: three mails at once, then one a day. */
export const UNPROVEN: NoticeBudget = { burst: 3, everyHours: 24, reserve: 1 };

/** Hours within which one topic gives an account one mail; the mail after that tells of the others. */
export const ONE_MAIL_PER_HOURS = 1;

/** How long a notice waits for its budget before it is dropped. In seconds. */
export const PENDING_LIFE = 7 * 24 * 60 * 60;

/**
 * The text that an address is counted under.
 *
 * All sub-addresses of a mailbox (`ada+news@…`, RFC 5233) count as one, because a stranger can invent any
 * number of them. They do not count as the plain address: a stranger who signs up with one uses up nothing of its owner's.
 */
export function countedAddress(address: string): string {
  return address.toLowerCase().replace(/^([^+@]+)\+.*(?=@)/s, '$1+');
}

/** Names of the budgets that an account has for itself, to be dropped with it. */
export function budgetsOf(accountId: string): readonly string[] {
  return [
    `proven:account:${accountId}`,
    `unproven:account:${accountId}`,
    ...Object.keys(ALARMING).map((topic) => `topic:${accountId}:${topic}`),
  ];
}
