import type { LinkTopic } from '../../two-factor/index.js';

const HOUR = 3600;

/** Number of mails that a full budget allows at once. */
const BURST = 3;

/**
 * A budget that refills steadily [generic cell rate algorithm]: `burst` mails at once, then one more every `every`
 * seconds.
 */
export interface MailBudget {
  readonly bucket: string;
  readonly burst: number;
  readonly every: number;
}

/**
 * Seconds until an address may get one more mail of a topic. Each topic has its own budget, so that a stranger who
 * requests one kind of mail does not use up the others.
 *
 * - `reset-password` refills within the lifetime of a link. A stranger who uses up the budget has mailed working links
 * to the owner, so the owner always has one and is never locked out.
 *
 * - The address of a `verify-email` is not proven, and a `change-email` may name any address. A stranger could flood an
 * address with these mails.
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
 * @param accountId of the requesting session; null for a public request. One account has one address, so the budget of
 *   the address then limits the account, too.
 */
export function linkBudgets(topic: LinkTopic, address: string, accountId: string | null): readonly MailBudget[] {
  const toAddress = { bucket: `${topic}:address:${address}`, burst: BURST, every: TO_AN_ADDRESS[topic] };
  if (accountId === null) return [toAddress];
  return [{ bucket: accountBucket(topic, accountId), burst: BURST, every: HOUR }, toAddress];
}

/**
 * @returns the budget of notices to an address that an account leaves. An unproven address may belong to a stranger, so
 *   it gets one mail a day.
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
