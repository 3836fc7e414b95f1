import { tokenHash } from '../../src/two-factor/index.js';
import { until } from './messages.js';
import type { TestService } from './service.js';

/** A mailed link, with its parts. */
export interface MailedLink {
  readonly href: string;
  readonly token: string;
  /** Path and query, relative to the base URL. */
  readonly path: string;
}

const BASE = 'http://localhost:3001/api/auth';
const LINK = /^https?:\S+$/m;
const TOKEN = /tfl_[\w-]{43}/;

/** Waits for the n-th mail with a link to an address. */
export async function linkMailedTo(
  { messages }: Pick<TestService, 'messages'>,
  address: string,
  nth = 1,
): Promise<MailedLink> {
  const href = await until(() => {
    const links = messages.mailsTo(address).map(({ text }) => LINK.exec(text)?.[0]);
    return links.filter((link) => link !== undefined)[nth - 1];
  });
  if (!href.startsWith(`${BASE}/`)) throw new Error(`The link leads to ${href}`);
  return { href, token: TOKEN.exec(href)?.[0] ?? '', path: href.slice(BASE.length) };
}

/** Moves the budgets of mails into the past by a number of hours. */
export async function passHoursOfMail(service: Pick<TestService, 'query'>, hours: number): Promise<void> {
  await service.query(`UPDATE account_mail_budgets SET refilled_at = refilled_at - make_interval(hours => $1)`, [
    hours,
  ]);
}

/** Moves one link into the past. */
export async function ageLink(
  service: Pick<TestService, 'query'>,
  { token }: MailedLink,
  minutes: number,
): Promise<void> {
  await service.query(
    `UPDATE account_links SET expires_at = expires_at - make_interval(mins => $2) WHERE token_hash = $1`,
    [tokenHash(token), minutes],
  );
}
