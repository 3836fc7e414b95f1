import type { LinkTopic } from '../../two-factor/index.js';

const HOUR = 3600;

/** Mails that may be sent at once. */
const BURST = 3;

/**
 * A budget that refills steadily [generic cell rate algorithm]: `burst` mails at once, then one more every so many seconds.
 */
export interface MailBudget {
  readonly bucket: string;
  readonly burst: number;
  readonly every: number;
}

/**
 * Seconds until an address may get one more mail of a topic. Each topic counts for itself, so that a stranger who asks for
 * one mail does not use up the others.
 *
 * - `reset-password` refills within the life of a link. A stranger who uses the budget up has mailed the owner links that
 *   work: so the owner has a working link at any time, and is never shut out.
 * - The address of a `verify-email` is not proven yet, and that of a `change-email` may be any: these are the mails that
 *   strangers could bomb an address with.
 */
const TO_AN_ADDRESS: Readonly<Record<LinkTopic, number>> = {
  'reset-password': HOUR,
  'verify-email': 4 * HOUR,
  'change-email': 8 * HOUR,
};

/**
 * The budgets that a mail with a link must pass.
 *
 * @param address a digest
 * @param accountId of the session that asks; null where anyone may ask. One account has one address, so the budget of the
 *   address is then that of the account, too.
 */
export function linkBudgets(topic: LinkTopic, address: string, accountId: string | null): readonly MailBudget[] {
  const toAddress = { bucket: `${topic}:address:${address}`, burst: BURST, every: TO_AN_ADDRESS[topic] };
  if (accountId === null) return [toAddress];
  return [{ bucket: accountBucket(topic, accountId), burst: BURST, every: HOUR }, toAddress];
}

/**
 * The budget of what an address is told of an account that leaves it. An address that was not proven may be a stranger's: it
 * gets one mail a day.
 *
 * @param address a digest
 */
export function addressBudget(address: string, proven: boolean): MailBudget {
  const kind = proven ? 'proven' : 'unproven';
  return { bucket: `told:${kind}:${address}`, burst: BURST, every: proven ? HOUR : 24 * HOUR };
}

/** Names of the budgets that an account has for itself, to be dropped with it. */
export function budgetsOf(accountId: string): readonly string[] {
  return Object.keys(TO_AN_ADDRESS).map((topic) => accountBucket(topic, accountId));
}

function accountBucket(topic: string, accountId: string): string {
  return `${topic}:account:${accountId}`;
}
