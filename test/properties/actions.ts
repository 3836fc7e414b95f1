import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { type Account, type App, type Challenge, type Session } from './oracle.js';
import { PASSWORDS, type Carrier, type ModelRunner } from './model-runner.js';

/** A request or a wait, as data that fast-check can print and shrink. */
export class Action {
  constructor(
    private readonly name: string,
    private readonly parts: object,
    readonly run: (runner: ModelRunner) => Promise<void>,
  ) {}

  [fc.toStringMethod](): string {
    return `${this.name} ${JSON.stringify(this.parts)}`;
  }
}

function action<T extends object>(
  weight: number,
  name: string,
  parts: { [Name in keyof T]: Arbitrary<T[Name]> },
  run: (runner: ModelRunner, parts: T) => Promise<void>,
): { weight: number; arbitrary: Arbitrary<Action> } {
  const arbitrary = fc.record(parts).map((values) => new Action(name, values as T, (runner) => run(runner, values)));
  return { weight, arbitrary };
}

/** Chooses an element of a list. */
const which = fc.nat({ max: 99 });
const mostly = fc.constantFrom(true, true, true, true, true, true, true, false);
const sometimes = fc.constantFrom(false, false, true);
const carrier = fc.constantFrom<Carrier[]>('bearer', 'bearer', 'cookie');

/** Seconds just before and just after each lifetime that ends within a day. */
const SECONDS = [1, 29, 30, 31, 59, 60, 61, 299, 300, 301, 599, 600, 601, 899, 900, 901, 3600, 3601];

/** The same for the lifetimes of strength, sessions and devices. These are rarely used because little outlives them. */
const LONG = [86_399, 86_400, 86_401, 604_799, 604_800, 604_801, 2_592_000, 7_776_000];

/** Prefers the newest token, and sometimes chooses one that has expired. */
function pick(n: number, alive: readonly string[], ever: readonly string[]): string | undefined {
  const list = alive.length > 0 && n < 90 ? alive : ever;
  return list[Math.floor(list.length * (1 - ((n % 90) / 90) ** 2) - 0.001)];
}

const live = ({ oracle }: ModelRunner, ones: readonly Array<Session | Challenge>[]) =>
  ones
    .flat()
    .filter(({ expiresAt }) => expiresAt > oracle.now)
    .map(({ token }) => token);

const sessions = (runner: ModelRunner) =>
  live(
    runner,
    runner.oracle.accounts.map((each) => each.sessions),
  );
const challenges = (runner: ModelRunner) =>
  live(
    runner,
    runner.oracle.accounts.map((each) => each.challenges),
  );

const sessionOf = (runner: ModelRunner, n: number) => pick(n, sessions(runner), runner.sessionTokens) ?? 'tfs_none';

/** Chooses challenges twice as often as sessions, because challenges wait for a second factor. */
function proverOf(runner: ModelRunner, n: number): string {
  const open = challenges(runner);
  return n % 3 > 0 && open.length > 0 ? (pick(n, open, runner.challengeTokens) ?? '') : sessionOf(runner, n);
}

function accountOf({ oracle }: ModelRunner, n: number): Account {
  return oracle.accounts[n < 75 ? 0 : 1] as Account;
}

/** Returns the password of the account that the token belongs to, or a wrong password. */
function passwordOf(runner: ModelRunner, token: string, right: boolean): string {
  const password = runner.ownerOf(token)?.password ?? PASSWORDS[0];
  return right ? password : otherThan(password);
}

function otherThan(password: string): string {
  return PASSWORDS[0] === password ? PASSWORDS[1] : PASSWORDS[0];
}

const CODES = [
  ...['fresh', 'fresh', 'fresh', 'fresh', 'staged', 'staged', 'staged'],
  ...['now', 'next', 'before', 'replayed', 'older', 'far', 'foreign', 'wrong'],
] as const;

async function verifyTotp(
  runner: ModelRunner,
  token: string,
  kind: (typeof CODES)[number],
  trust: boolean,
  by: Carrier,
) {
  const { oracle } = runner;
  const account = runner.ownerOf(token);
  const session = account?.sessions.find((each) => each.token === token);
  const own = account?.app ?? null;
  const ahead = account ? account.lastStep - oracle.step : 0;
  // A user waits for a code that was not used before.
  if (kind === 'fresh' && own && ahead >= 0) await runner.pass(30 * (ahead + 1));
  const foreign = oracle.accounts.find((each) => each !== account)?.app ?? null;
  const app: App | null =
    kind === 'staged' ? ((session && runner.stagedApps.get(session)) ?? own) : kind === 'foreign' ? foreign : own;
  const steps = { next: 1, before: -1, replayed: ahead, older: ahead - 1, far: 2 }[kind as string] ?? 0;
  const shown = app && kind !== 'wrong' ? { app, step: oracle.step + steps } : null;
  const code = shown ? runner.codeOf(shown.app, steps) : runner.wrongCode(app);
  await runner.verify(
    'verify-totp',
    () => oracle.verifyTotp(token, shown, trust),
    { code, trustDevice: trust },
    token,
    by,
  );
}

async function verifyOtp(
  runner: ModelRunner,
  token: string,
  kind: 'right' | 'foreign' | 'wrong',
  trust: boolean,
  by: Carrier,
) {
  const bindings = runner.oracle.accounts.flatMap((each) => [...each.sessions, ...each.challenges]);
  const sent = bindings.filter(({ code }) => code).map(({ token: to, code }) => ({ to, digits: code?.digits ?? '' }));
  const right = sent.find(({ to }) => to === token)?.digits;
  const foreign = sent.find(({ to }) => to !== token)?.digits;
  const digits = (kind === 'right' ? right : kind === 'foreign' ? foreign : undefined) ?? '000000';
  const code = kind === 'wrong' && digits === right ? '000001' : digits;
  await runner.verify(
    'verify-otp',
    () => runner.oracle.verifyOtp(token, code, trust),
    { code, trustDevice: trust },
    token,
    by,
  );
}

export const anyAction: Arbitrary<Action> = fc.oneof(
  action(
    7,
    'sign in',
    { account: which, right: mostly, remember: mostly, device: fc.option(which), carrier },
    async (runner, { account: n, right, remember, device, carrier: by }) => {
      const account = accountOf(runner, n);
      const current = account.devices.map(({ tokens }) => tokens.at(-1)?.token ?? '');
      const token = device === null ? undefined : pick(device, current, runner.deviceTokens);
      await runner.signIn(account, right ? account.password : otherThan(account.password), remember, token, by);
    },
  ),
  action(
    9,
    'verify-totp',
    { by: which, code: fc.constantFrom(...CODES), trust: sometimes, carrier },
    (runner, { by, code, trust, carrier: how }) => {
      const staging = [...runner.stagedApps.keys()].map(({ token }) => token);
      const token = code === 'staged' && staging.length > 0 ? pick(by, staging, staging) : undefined;
      return verifyTotp(runner, token ?? proverOf(runner, by), code, trust, how);
    },
  ),
  action(
    4,
    'guess',
    { by: which, times: fc.integer({ min: 3, max: 11 }), carrier },
    async (runner, { by, times, carrier: how }) => {
      for (let n = 0; n < times; n++) await verifyTotp(runner, proverOf(runner, by), 'wrong', false, how);
    },
  ),
  action(5, 'send-otp', { by: which, carrier }, (runner, { by, carrier: how }) =>
    runner.sendOtp(proverOf(runner, by), how),
  ),
  action(
    5,
    'verify-otp',
    {
      by: which,
      code: fc.constantFrom('right', 'right', 'right', 'right', 'foreign', 'wrong'),
      trust: sometimes,
      carrier,
    },
    (runner, { by, code, trust, carrier: how }) => verifyOtp(runner, proverOf(runner, by), code, trust, how),
  ),
  action(
    2,
    'send-otp and verify-otp',
    { by: which, trust: sometimes, carrier },
    async (runner, { by, trust, carrier: how }) => {
      const token = proverOf(runner, by);
      await runner.sendOtp(token, how);
      await verifyOtp(runner, token, 'right', trust, how);
    },
  ),
  action(
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
    async (runner, { by, code: kind, index, trust, only, carrier: how }) => {
      const token = proverOf(runner, by);
      const good = [...(runner.ownerOf(token)?.backupCodes ?? [])];
      const list = kind === 'good' ? good : kind === 'any' ? runner.backupCodes : [];
      const code = list[index % list.length] ?? 'no such code';
      const predict = () => runner.oracle.verifyBackupCode(token, code, trust, only);
      await runner.verify(
        'verify-backup-code',
        predict,
        { code, trustDevice: trust, disableSession: only },
        token,
        how,
      );
    },
  ),
  action(
    5,
    'enable',
    { by: which, right: mostly, method: fc.constantFrom('totp', 'totp', 'otp'), carrier },
    (runner, { by, right, method, carrier: how }) => {
      const token = sessionOf(runner, by);
      return runner.enable(token, passwordOf(runner, token, right), method, how);
    },
  ),
  action(2, 'enrol by mail', { by: which, carrier }, async (runner, { by, carrier: how }) => {
    const token = sessionOf(runner, by);
    await runner.enable(token, passwordOf(runner, token, true), 'otp', how);
    await runner.sendOtp(token, how);
    await verifyOtp(runner, token, 'right', false, how);
  }),
  action(1, 'disable', { by: which, right: mostly, carrier }, (runner, { by, right, carrier: how }) => {
    const token = sessionOf(runner, by);
    return runner.disable(token, passwordOf(runner, token, right), how);
  }),
  action(1, 'get-totp-uri', { by: which, right: mostly, carrier }, (runner, { by, right, carrier: how }) => {
    const token = sessionOf(runner, by);
    return runner.totpUri(token, passwordOf(runner, token, right), how);
  }),
  action(1, 'generate-backup-codes', { by: which, right: mostly, carrier }, (runner, { by, right, carrier: how }) => {
    const token = sessionOf(runner, by);
    return runner.generateBackupCodes(token, passwordOf(runner, token, right), how);
  }),
  action(
    3,
    'change-password',
    { by: which, right: mostly, others: fc.boolean(), carrier },
    (runner, { by, right, others, carrier: how }) => {
      const token = sessionOf(runner, by);
      const current = passwordOf(runner, token, right);
      return runner.changePassword(token, current, otherThan(current), others, how);
    },
  ),
  action(1, 'sign-out', { by: which, carrier }, (runner, { by, carrier: how }) => {
    const token = proverOf(runner, by);
    return runner.end('/sign-out', () => runner.oracle.signOut(token), {}, token, how);
  }),
  action(1, 'revoke-session', { by: which, other: which, carrier }, (runner, { by, other: n, carrier: how }) => {
    const [token, other] = [sessionOf(runner, by), sessionOf(runner, n)];
    return runner.end('/revoke-session', () => runner.oracle.revokeSession(token, other), { token: other }, token, how);
  }),
  action(1, 'revoke sessions', { by: which, own: fc.boolean(), carrier }, (runner, { by, own, carrier: how }) => {
    const token = sessionOf(runner, by);
    const path = own ? '/revoke-sessions' : '/revoke-other-sessions';
    return runner.end(path, () => runner.oracle.revokeSessions(token, own), {}, token, how);
  }),
  action(
    2,
    'revoke device',
    { by: which, device: fc.option(which), carrier },
    (runner, { by, device, carrier: how }) => {
      const devices = runner.oracle.accounts.flatMap((each) => each.devices).map(({ id }) => id);
      const token = sessionOf(runner, by);
      return runner.revokeDevice(token, device === null ? null : (devices[device % devices.length] ?? 'none'), how);
    },
  ),
  action(1, 'wait long', { seconds: fc.constantFrom(...LONG) }, (runner, { seconds }) => runner.pass(seconds)),
  action(
    6,
    'wait',
    { seconds: fc.constantFrom('end of lock', 'end of lock', ...SECONDS) },
    async (runner, { seconds }) => {
      const { accounts, now } = runner.oracle;
      const counters = accounts.flatMap(({ counter, devices }) => [counter, ...devices.map((each) => each.counter)]);
      const ends = counters.map(({ lockedUntil }) => lockedUntil).filter((end) => end > now && Number.isFinite(end));
      await runner.pass(typeof seconds === 'number' ? seconds : Math.max(1, Math.min(...ends, now + 30) - now));
    },
  ),
);

/**
 * Opens two sessions of the first account and one of the second.
 *
 * @param enrolled whether the first account also turns two-factor on and trusts a device
 */
export async function settle(runner: ModelRunner, enrolled: boolean): Promise<void> {
  const [ada, bob] = runner.oracle.accounts as [Account, Account];
  for (const account of [ada, ada, bob]) await runner.signIn(account, account.password, true, undefined, 'bearer');
  if (!enrolled) return;
  const token = ada.sessions[0]?.token ?? '';
  await runner.enable(token, ada.password, 'totp', 'bearer');
  await verifyTotp(runner, token, 'staged', true, 'bearer');
}

/** Compares every account with the oracle, through the session that was opened last. */
export async function look(runner: ModelRunner): Promise<void> {
  for (const { sessions: own } of runner.oracle.accounts) {
    const alive = own.findLast(({ expiresAt }) => expiresAt > runner.oracle.now);
    if (alive) await runner.look(alive.token);
  }
}
