import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { PASSWORD } from '../../support/client.js';
import { TRUSTED_ORIGIN } from '../../support/service.js';
import { type OfficialClient, type Side, startOurs, startPeer } from '../peer-comparison.js';

/*
 * The official client sends the same calls to this service and to a real Better Auth server. Status, code and shape
 * must be equal, except where docs/clients.md names a difference.
 */

const NEW_PASSWORD = 'an even better passphrase';

/** The result of a call, as a client sees it. */
interface Seen {
  readonly status: number;
  readonly code: string | null;
  /** Members of the response; of its first element if it is a list. */
  readonly members: readonly string[];
}

interface Result {
  readonly data?: unknown;
  readonly error?: { readonly status: number; readonly code?: string | undefined } | null;
}

function seen({ data, error }: Result): Seen {
  const first: unknown = Array.isArray(data) ? data[0] : data;
  const members = typeof first === 'object' && first !== null ? Object.keys(first).toSorted() : [];
  return { status: error?.status ?? 200, code: error?.code ?? null, members: error ? [] : members };
}

type Walk = Map<string, Seen>;

/** Makes every call once, and records its result under the name of the call. */
async function walk(side: Side): Promise<Walk> {
  const notes: Walk = new Map();
  const note = async (name: string, call: Promise<unknown>) => {
    const result = (await call) as Result;
    if (notes.has(name)) throw new Error(`${name} is called twice`);
    notes.set(name, seen(result));
    return result.data as never;
  };
  await walkAccounts(side, note);
  await walkLinks(side, note);
  await walkTwoFactor(side, note);
  await walkOthers(side, note);
  return notes;
}

type Note = (name: string, call: Promise<unknown>) => Promise<never>;

async function newcomer(side: Side, email: string): Promise<OfficialClient> {
  const client = side.client();
  await client.signUp.email({ name: 'Ada', email, password: PASSWORD });
  return client;
}

async function walkAccounts(side: Side, note: Note): Promise<void> {
  const client = side.client();
  const email = 'accounts@example.com';
  const account = { name: 'Ada', email, password: PASSWORD };
  await note('signUp.email', client.signUp.email(account));
  await note('signUp.email, taken address', client.signUp.email(account));
  await note(
    'signUp.email, short password',
    client.signUp.email({ ...account, email: 'b@example.com', password: 'x' }),
  );
  await note('getSession', client.getSession());
  await note('listSessions', client.listSessions());
  await note('listAccounts', client.listAccounts());
  await note('updateUser', client.updateUser({ name: 'Ada King', image: 'https://example.com/ada.png' }));
  await note('updateUser, nothing to change', client.$fetch('/update-user', { method: 'POST', body: {} }));
  await note('updateUser, with an address', client.updateUser({ email: 'x@example.com' } as never));
  const check = (password: string) => client.$fetch('/verify-password', { method: 'POST', body: { password } });
  await note('verify-password', check(PASSWORD));
  const [wrong, newPassword] = ['wrong password', NEW_PASSWORD];
  await note('changePassword, wrong password', client.changePassword({ currentPassword: wrong, newPassword }));
  await note(
    'changePassword',
    client.changePassword({ currentPassword: PASSWORD, newPassword, revokeOtherSessions: true }),
  );
  await note('revokeSession', client.revokeSession({ token: 'none' }));
  await note('revokeOtherSessions', client.revokeOtherSessions());
  await note('revokeSessions', client.revokeSessions());
  await note('getSession, signed out', client.getSession());
  const again = { email, password: NEW_PASSWORD };
  await note('signIn.email, wrong password', client.signIn.email({ email, password: wrong }));
  await note(
    'signIn.email, callbackURL of a stranger',
    client.signIn.email({ ...again, callbackURL: 'https://e.example' }),
  );
  await note('signIn.email, callbackURL', client.signIn.email({ ...again, callbackURL: `${TRUSTED_ORIGIN}/home` }));
  await note('signIn.email', client.signIn.email(again));
  await note('deleteUser, wrong password', client.deleteUser({ password: wrong }));
  await note('deleteUser', client.deleteUser({ password: NEW_PASSWORD }));
  const other = await newcomer(side, 'deleted@example.com');
  await note('deleteUser, without password', other.deleteUser());
  await note('signIn.email, deleted account', client.signIn.email(again));
  await note('signOut', client.signOut());
  await note('updateUser, signed out', client.updateUser({ name: 'Ada' }));
}

async function walkLinks(side: Side, note: Note): Promise<void> {
  const email = 'links@example.com';
  const client = await newcomer(side, email);
  await note('requestPasswordReset', client.requestPasswordReset({ email, redirectTo: `${TRUSTED_ORIGIN}/reset` }));
  await note('requestPasswordReset, unknown address', client.requestPasswordReset({ email: 'no@example.com' }));
  await note(
    'requestPasswordReset, redirectTo of a stranger',
    client.requestPasswordReset({ email, redirectTo: 'https://evil.example' }),
  );
  const token = await side.linkToken(email);
  const newPassword = NEW_PASSWORD;
  await note('resetPassword, made-up token', client.resetPassword({ newPassword, token: 'made-up' }));
  await note('resetPassword, short password', client.resetPassword({ newPassword: 'x', token }));
  await note('resetPassword', client.resetPassword({ newPassword, token }));
  await note('resetPassword, used token', client.resetPassword({ newPassword, token }));
  await client.signIn.email({ email, password: newPassword });

  await note('sendVerificationEmail', client.sendVerificationEmail({ email, callbackURL: `${TRUSTED_ORIGIN}/done` }));
  await note('sendVerificationEmail, other address', client.sendVerificationEmail({ email: 'other@example.com' }));
  await note('sendVerificationEmail, signed out', side.client().sendVerificationEmail({ email: 'no@example.com' }));
  const verify = { query: { token: await side.linkToken(email, 2) } };
  await note('verifyEmail, made-up token', client.verifyEmail({ query: { token: 'made-up' } }));
  await note('verifyEmail', client.verifyEmail(verify));
  await note('verifyEmail, used token', client.verifyEmail(verify));
  await note('sendVerificationEmail, verified address', client.sendVerificationEmail({ email }));

  const newEmail = 'next@example.com';
  await note('changeEmail, same address', client.changeEmail({ newEmail: email }));
  await newcomer(side, 'taken@example.com');
  await note('changeEmail, taken address', client.changeEmail({ newEmail: 'taken@example.com' }));
  await note('changeEmail', client.changeEmail({ newEmail }));
  await note('verifyEmail, new address', client.verifyEmail({ query: { token: await side.linkToken(newEmail) } }));
}

async function walkTwoFactor(side: Side, note: Note): Promise<void> {
  const email = 'factors@example.com';
  const client = await newcomer(side, email);
  const { twoFactor } = client;
  const password = PASSWORD;
  await note('twoFactor.disable, while off', twoFactor.disable({ password }));
  await note('twoFactor.enable, wrong password', twoFactor.enable({ password: 'wrong password' }));
  const enabled: { totpURI: string; backupCodes: string[] } = await note(
    'twoFactor.enable',
    twoFactor.enable({ password }),
  );
  const app = side.authenticator(enabled.totpURI);
  await note('twoFactor.verifyTotp, wrong code', twoFactor.verifyTotp({ code: app.wrongCode() }));
  await note('twoFactor.verifyTotp, on a session', twoFactor.verifyTotp({ code: app.nextCode() }));
  await note('twoFactor.getTotpUri', twoFactor.getTotpUri({ password }));
  await note('twoFactor.enable, while on', twoFactor.enable({ password }));
  const codes: { backupCodes: string[] } = await note(
    'twoFactor.generateBackupCodes',
    twoFactor.generateBackupCodes({ password }),
  );
  const signIn = () => client.signIn.email({ email, password });
  await client.signOut();
  await note('signIn.email, with two-factor', signIn());
  await note('twoFactor.verifyBackupCode, wrong code', twoFactor.verifyBackupCode({ code: 'wrong' }));
  await note('twoFactor.verifyTotp', twoFactor.verifyTotp({ code: app.nextCode() }));
  await client.signOut();
  await signIn();
  await note('twoFactor.verifyBackupCode', twoFactor.verifyBackupCode({ code: codes.backupCodes[0] ?? '' }));
  await note('twoFactor.disable', twoFactor.disable({ password }));
  await client.signOut();
  await note('twoFactor.verifyTotp, without challenge', twoFactor.verifyTotp({ code: '123456' }));
}

async function walkOthers(side: Side, note: Note): Promise<void> {
  const client = await newcomer(side, 'others@example.com');
  await note('/ok', client.$fetch('/ok'));
  await note('accountInfo', client.accountInfo({ query: { accountId: 'none' } }));
  await note('unlinkAccount', client.unlinkAccount({ accountId: 'none' }));
  await note('getAccessToken', client.getAccessToken({ accountId: 'none' }));
  await note('refreshToken', client.refreshToken({ accountId: 'none' }));
  await note('signIn.social', client.signIn.social({ provider: 'github' }));
  await note('linkSocial', client.linkSocial({ provider: 'github' }));
}

/** The differences that docs/clients.md names, as `[ours, peer]`: each is a status with its code. */
const DIFFERENCES: Record<string, readonly [ours: string, peer: string]> = {
  'updateUser, nothing to change': ['400 NO_FIELDS_TO_UPDATE', '400'],
  'deleteUser, without password': ['400 VALIDATION_ERROR', '200'],
  'verifyEmail, used token': ['401 INVALID_TOKEN', '200'],
  'changeEmail, same address': ['400 EMAIL_IS_THE_SAME', '400'],
  'twoFactor.disable, while off': ['400 TWO_FACTOR_NOT_ENABLED', '200'],
  'twoFactor.enable, while on': ['200', '400 TOTP_ALREADY_ENABLED'],
  'twoFactor.verifyTotp, without challenge': ['401 UNAUTHORIZED', '401 INVALID_TWO_FACTOR_COOKIE'],
  accountInfo: ['404 NOT_FOUND', '400 ACCOUNT_NOT_FOUND'],
  unlinkAccount: ['404 NOT_FOUND', '400 FAILED_TO_UNLINK_LAST_ACCOUNT'],
  getAccessToken: ['404 NOT_FOUND', '400 ACCOUNT_NOT_FOUND'],
  refreshToken: ['404 NOT_FOUND', '400 ACCOUNT_NOT_FOUND'],
  'signIn.social': ['404 NOT_FOUND', '404 PROVIDER_NOT_FOUND'],
  linkSocial: ['404 NOT_FOUND', '404 PROVIDER_NOT_FOUND'],
};

const told = ({ status, code }: Seen) => `${status}${code === null ? '' : ` ${code}`}`;

describe('the official client, with this service and with a Better Auth server', () => {
  let ours: Walk;
  let peers: Walk;
  beforeAll(async () => {
    const [own, peer] = [await startOurs(), startPeer()];
    ours = await walk(own);
    peers = await walk(peer);
    await own.close();
    await peer.close();
  }, 120_000);
  it('receives the same status and code, except where the document names a difference', () => {
    const differing = [...ours].flatMap(([name, answer]) => {
      const other = peers.get(name);
      const pair = [told(answer), other ? told(other) : 'none'] as const;
      return pair[0] === pair[1] ? [] : [[name, pair] as const];
    });
    expect([...ours.keys()]).toEqual([...peers.keys()]);
    expect(Object.fromEntries(differing)).toEqual(DIFFERENCES);
  });

  it("receives every member of the peer's responses from this service, too", () => {
    const lacking = [...ours].flatMap(([name, { status, members }]) => {
      const other = peers.get(name);
      const lacks = other?.members.filter((member) => !members.includes(member)) ?? [];
      return status === other?.status && lacks.length > 0 ? [[name, lacks] as const] : [];
    });
    expect(Object.fromEntries(lacking)).toEqual({});
  });

  it('is described call by call in docs/clients.md', async () => {
    const document = await readFile('docs/clients.md', 'utf8');
    const rows = [...ours].map(([name, answer]) => {
      const other = peers.get(name);
      const there = other && told(other) !== told(answer) ? told(other) : 'the same';
      return `| ${name} | ${told(answer)} | ${there} |`;
    });
    // Spaces align the columns of the table.
    const lines = document.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
    expect(rows.filter((row) => !lines.some((line) => line.startsWith(row)))).toEqual([]);
  });
});
