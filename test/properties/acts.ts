import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { type Account, type App, type Challenge, type Session } from './oracle.js';
import { PASSWORDS, type Carrier, type Town } from './town.js';

/** Something that people do, as data that fast-check can print and shrink. */
export class Act {
  constructor(
    private readonly name: string,
    private readonly parts: object,
    readonly run: (town: Town) => Promise<void>,
  ) {}

  [fc.toStringMethod](): string {
    return `${this.name} ${JSON.stringify(this.parts)}`;
  }
}

function act<T extends object>(
  weight: number,
  name: string,
  parts: { [Name in keyof T]: Arbitrary<T[Name]> },
  run: (town: Town, parts: T) => Promise<void>,
): { weight: number; arbitrary: Arbitrary<Act> } {
  const arbitrary = fc.record(parts).map((values) => new Act(name, values as T, (town) => run(town, values)));
  return { weight, arbitrary };
}

/** Picks one of a list. */
const which = fc.nat({ max: 99 });
const mostly = fc.constantFrom(true, true, true, true, true, true, true, false);
const sometimes = fc.constantFrom(false, false, true);
const carrier = fc.constantFrom<Carrier[]>('bearer', 'bearer', 'cookie');

/** Seconds around the ends of whatever ends within the day. */
const SECONDS = [1, 29, 30, 31, 59, 60, 61, 299, 300, 301, 599, 600, 601, 899, 900, 901, 3600, 3601];

/** Around the ends of strength, sessions and devices; seldom, for little outlives them. */
const LONG = [86_399, 86_400, 86_401, 604_799, 604_800, 604_801, 2_592_000, 7_776_000];

/** The newest most often, and now and then one that is dead. */
function pick(n: number, alive: readonly string[], ever: readonly string[]): string | undefined {
  const list = alive.length > 0 && n < 90 ? alive : ever;
  return list[Math.floor(list.length * (1 - ((n % 90) / 90) ** 2) - 0.001)];
}

const live = ({ oracle }: Town, ones: readonly Array<Session | Challenge>[]) =>
  ones
    .flat()
    .filter(({ expiresAt }) => expiresAt > oracle.now)
    .map(({ token }) => token);

const sessions = (town: Town) =>
  live(
    town,
    town.oracle.accounts.map((each) => each.sessions),
  );
const challenges = (town: Town) =>
  live(
    town,
    town.oracle.accounts.map((each) => each.challenges),
  );

const sessionOf = (town: Town, n: number) => pick(n, sessions(town), town.sessionTokens) ?? 'tfs_none';

/** Challenges wait to be answered, so they come twice as often as sessions. */
function proverOf(town: Town, n: number): string {
  const open = challenges(town);
  return n % 3 > 0 && open.length > 0 ? (pick(n, open, town.challengeTokens) ?? '') : sessionOf(town, n);
}

function accountOf({ oracle }: Town, n: number): Account {
  return oracle.accounts[n < 75 ? 0 : 1] as Account;
}

/** The right password of whoever a token belongs to, or a wrong one. */
function passwordOf(town: Town, token: string, right: boolean): string {
  const password = town.ownerOf(token)?.password ?? PASSWORDS[0];
  return right ? password : otherThan(password);
}

function otherThan(password: string): string {
  return PASSWORDS[0] === password ? PASSWORDS[1] : PASSWORDS[0];
}

const CODES = [
  ...['fresh', 'fresh', 'fresh', 'fresh', 'staged', 'staged', 'staged'],
  ...['now', 'next', 'before', 'replayed', 'older', 'far', 'foreign', 'wrong'],
] as const;

async function verifyTotp(town: Town, token: string, kind: (typeof CODES)[number], trust: boolean, by: Carrier) {
  const { oracle } = town;
  const account = town.ownerOf(token);
  const session = account?.sessions.find((each) => each.token === token);
  const own = account?.app ?? null;
  const ahead = account ? account.lastStep - oracle.step : 0;
  // People wait for a code that was not used before.
  if (kind === 'fresh' && own && ahead >= 0) await town.pass(30 * (ahead + 1));
  const foreign = oracle.accounts.find((each) => each !== account)?.app ?? null;
  const app: App | null =
    kind === 'staged' ? ((session && town.stagedApps.get(session)) ?? own) : kind === 'foreign' ? foreign : own;
  const steps = { next: 1, before: -1, replayed: ahead, older: ahead - 1, far: 2 }[kind as string] ?? 0;
  const shown = app && kind !== 'wrong' ? { app, step: oracle.step + steps } : null;
  const code = shown ? town.codeOf(shown.app, steps) : town.wrongCode(app);
  await town.verify(
    'verify-totp',
    () => oracle.verifyTotp(token, shown, trust),
    { code, trustDevice: trust },
    token,
    by,
  );
}

async function verifyOtp(town: Town, token: string, kind: 'right' | 'foreign' | 'wrong', trust: boolean, by: Carrier) {
  const bindings = town.oracle.accounts.flatMap((each) => [...each.sessions, ...each.challenges]);
  const sent = bindings.filter(({ code }) => code).map(({ token: to, code }) => ({ to, digits: code?.digits ?? '' }));
  const right = sent.find(({ to }) => to === token)?.digits;
  const foreign = sent.find(({ to }) => to !== token)?.digits;
  const digits = (kind === 'right' ? right : kind === 'foreign' ? foreign : undefined) ?? '000000';
  const code = kind === 'wrong' && digits === right ? '000001' : digits;
  await town.verify(
    'verify-otp',
    () => town.oracle.verifyOtp(token, code, trust),
    { code, trustDevice: trust },
    token,
    by,
  );
}

export const acts: Arbitrary<Act> = fc.oneof(
  act(
    7,
    'sign in',
    { account: which, right: mostly, remember: mostly, device: fc.option(which), carrier },
    async (town, { account: n, right, remember, device, carrier: by }) => {
      const account = accountOf(town, n);
      const current = account.devices.map(({ tokens }) => tokens.at(-1)?.token ?? '');
      const token = device === null ? undefined : pick(device, current, town.deviceTokens);
      await town.signIn(account, right ? account.password : otherThan(account.password), remember, token, by);
    },
  ),
  act(
    9,
    'verify-totp',
    { by: which, code: fc.constantFrom(...CODES), trust: sometimes, carrier },
    (town, { by, code, trust, carrier: how }) => {
      const staging = [...town.stagedApps.keys()].map(({ token }) => token);
      const token = code === 'staged' && staging.length > 0 ? pick(by, staging, staging) : undefined;
      return verifyTotp(town, token ?? proverOf(town, by), code, trust, how);
    },
  ),
  act(
    4,
    'guess',
    { by: which, times: fc.integer({ min: 3, max: 11 }), carrier },
    async (town, { by, times, carrier: how }) => {
      for (let n = 0; n < times; n++) await verifyTotp(town, proverOf(town, by), 'wrong', false, how);
    },
  ),
  act(5, 'send-otp', { by: which, carrier }, (town, { by, carrier: how }) => town.sendOtp(proverOf(town, by), how)),
  act(
    5,
    'verify-otp',
    {
      by: which,
      code: fc.constantFrom('right', 'right', 'right', 'right', 'foreign', 'wrong'),
      trust: sometimes,
      carrier,
    },
    (town, { by, code, trust, carrier: how }) => verifyOtp(town, proverOf(town, by), code, trust, how),
  ),
  act(
    2,
    'send-otp and verify-otp',
    { by: which, trust: sometimes, carrier },
    async (town, { by, trust, carrier: how }) => {
      const token = proverOf(town, by);
      await town.sendOtp(token, how);
      await verifyOtp(town, token, 'right', trust, how);
    },
  ),
  act(
    3,
    'verify-backup-code',
    {
      by: which,
      code: fc.constantFrom('good', 'good', 'any', 'wrong'),
      index: which,
      trust: sometimes,
      only: sometimes,
      carrier,
    },
    async (town, { by, code: kind, index, trust, only, carrier: how }) => {
      const token = proverOf(town, by);
      const good = [...(town.ownerOf(token)?.backupCodes ?? [])];
      const list = kind === 'good' ? good : kind === 'any' ? town.backupCodes : [];
      const code = list[index % list.length] ?? 'no such code';
      const predict = () => town.oracle.verifyBackupCode(token, code, trust, only);
      await town.verify('verify-backup-code', predict, { code, trustDevice: trust, disableSession: only }, token, how);
    },
  ),
  act(
    5,
    'enable',
    { by: which, right: mostly, method: fc.constantFrom('totp', 'totp', 'otp'), carrier },
    (town, { by, right, method, carrier: how }) => {
      const token = sessionOf(town, by);
      return town.enable(token, passwordOf(town, token, right), method, how);
    },
  ),
  act(2, 'enrol by mail', { by: which, carrier }, async (town, { by, carrier: how }) => {
    const token = sessionOf(town, by);
    await town.enable(token, passwordOf(town, token, true), 'otp', how);
    await town.sendOtp(token, how);
    await verifyOtp(town, token, 'right', false, how);
  }),
  act(1, 'disable', { by: which, right: mostly, carrier }, (town, { by, right, carrier: how }) => {
    const token = sessionOf(town, by);
    return town.disable(token, passwordOf(town, token, right), how);
  }),
  act(1, 'get-totp-uri', { by: which, right: mostly, carrier }, (town, { by, right, carrier: how }) => {
    const token = sessionOf(town, by);
    return town.totpUri(token, passwordOf(town, token, right), how);
  }),
  act(1, 'generate-backup-codes', { by: which, right: mostly, carrier }, (town, { by, right, carrier: how }) => {
    const token = sessionOf(town, by);
    return town.generateBackupCodes(token, passwordOf(town, token, right), how);
  }),
  act(
    3,
    'change-password',
    { by: which, right: mostly, others: fc.boolean(), carrier },
    (town, { by, right, others, carrier: how }) => {
      const token = sessionOf(town, by);
      const current = passwordOf(town, token, right);
      return town.changePassword(token, current, otherThan(current), others, how);
    },
  ),
  act(1, 'sign-out', { by: which, carrier }, (town, { by, carrier: how }) => {
    const token = proverOf(town, by);
    return town.end('/sign-out', () => town.oracle.signOut(token), {}, token, how);
  }),
  act(1, 'revoke-session', { by: which, other: which, carrier }, (town, { by, other: n, carrier: how }) => {
    const [token, other] = [sessionOf(town, by), sessionOf(town, n)];
    return town.end('/revoke-session', () => town.oracle.revokeSession(token, other), { token: other }, token, how);
  }),
  act(1, 'revoke sessions', { by: which, own: fc.boolean(), carrier }, (town, { by, own, carrier: how }) => {
    const token = sessionOf(town, by);
    const path = own ? '/revoke-sessions' : '/revoke-other-sessions';
    return town.end(path, () => town.oracle.revokeSessions(token, own), {}, token, how);
  }),
  act(2, 'revoke device', { by: which, device: fc.option(which), carrier }, (town, { by, device, carrier: how }) => {
    const devices = town.oracle.accounts.flatMap((each) => each.devices).map(({ id }) => id);
    const token = sessionOf(town, by);
    return town.revokeDevice(token, device === null ? null : (devices[device % devices.length] ?? 'none'), how);
  }),
  act(1, 'wait long', { seconds: fc.constantFrom(...LONG) }, (town, { seconds }) => town.pass(seconds)),
  act(6, 'wait', { seconds: fc.constantFrom('end of lock', 'end of lock', ...SECONDS) }, async (town, { seconds }) => {
    const { accounts, now } = town.oracle;
    const lanes = accounts.flatMap(({ lane, devices }) => [lane, ...devices.map((each) => each.lane)]);
    const ends = lanes.map(({ lockedUntil }) => lockedUntil).filter((end) => end > now && Number.isFinite(end));
    await town.pass(typeof seconds === 'number' ? seconds : Math.max(1, Math.min(...ends, now + 30) - now));
  }),
);

/** Two sessions of the first account, with two-factor on and a trusted device where that is asked for; one of the other. */
export async function settle(town: Town, enrolled: boolean): Promise<void> {
  const [ada, bob] = town.oracle.accounts as [Account, Account];
  for (const account of [ada, ada, bob]) await town.signIn(account, account.password, true, undefined, 'bearer');
  if (!enrolled) return;
  const token = ada.sessions[0]?.token ?? '';
  await town.enable(token, ada.password, 'totp', 'bearer');
  await verifyTotp(town, token, 'staged', true, 'bearer');
}

/** A look at every account, through the session opened last. */
export async function look(town: Town): Promise<void> {
  for (const { sessions: own } of town.oracle.accounts) {
    const alive = own.findLast(({ expiresAt }) => expiresAt > town.oracle.now);
    if (alive) await town.look(alive.token);
  }
}
