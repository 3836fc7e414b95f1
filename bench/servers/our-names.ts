import { createHash } from 'node:crypto';

/*
 * Ids, tokens and codes by number, the same in SQL and here: a million rows are made by Postgres alone, and a call for any
 * of them needs nothing read back.
 */

/** Accounts with two-factor on, and accounts without. */
export type Group = 'on' | 'off';

/** Sessions of each account with two-factor on. */
export const SESSIONS = 5;

/** Names by number as SQL expressions. `n` is an expression for the number. */
export const SQL = {
  accountId: (group: Group, n: string) => `md5('account ${group} ' || ${n})::uuid`,
  authenticatorId: (group: Group, n: string) => `md5('authenticator ${group} ' || ${n})::uuid`,
  methodId: (n: string) => `md5('method ' || ${n})::uuid`,
  challengeId: (n: string) => `md5('challenge ' || ${n})::uuid`,
  email: (group: Group, n: string) => `'${group}' || ${n} || '@example.com'`,
  sessionHash: (group: Group, n: string, k = '0') =>
    `sha256(convert_to('tfs_' || lpad('${group}-' || ${n} || '-' || ${k}, 43, '0'), 'UTF8'))`,
  challengeHash: (n: string) => `sha256(convert_to('tfc_' || lpad((${n})::text, 43, '0'), 'UTF8'))`,
  backupCodeHash: (group: Group, n: string, k: string) =>
    `sha256(convert_to('["' || ${SQL.accountId(group, n)} || '","' || lpad((${n} * 10 + ${k})::text, 24, '0') || '"]', 'UTF8'))`,
};

export const accountId = (group: Group, n: number) => uuid(`account ${group} ${n}`);
export const authenticatorId = (group: Group, n: number) => uuid(`authenticator ${group} ${n}`);
export const methodId = (n: number) => uuid(`method ${n}`);
export const challengeId = (n: number) => uuid(`challenge ${n}`);
export const email = (group: Group, n: number) => `${group}${n}@example.com`;
export const sessionToken = (group: Group, n: number) => `tfs_${`${group}-${n}-0`.padStart(43, '0')}`;
export const challengeToken = (n: number) => `tfc_${String(n).padStart(43, '0')}`;
export const backupCode = (n: number, k: number) => String(n * 10 + k).padStart(24, '0');

function uuid(name: string): string {
  const hex = createHash('md5').update(name).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
