/*
 * Describes what a client may expect, written from the contract and independently of the code: plain TypeScript, in
 * which an account is an object and time is a number of seconds. It serves as the specification of an account's life.
 *
 * Every method takes what a client sends and returns the outcome, or throws a Refusal with the message `status CODE
 * seconds`. Tokens are random, so the model runner writes the tokens of the service into `token` and `tokens`.
 */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEP = 30;

export class Refusal extends Error {}

/** An authenticator app. Two objects have two different secrets. */
export type App = object;

interface Staged {
  readonly until: number;
  /** Backup codes that come into force with the factor. Null when there are none, or when they were replaced. */
  codes: readonly string[] | null;
}

interface StagedApp extends Staged {
  readonly app: App;
}

interface Counter {
  failures: number;
  locks: number;
  lockedUntil: number;
}

/** Allows ten sends at once, then one more every hour. */
interface SendBudget {
  /** The time at which the budget is full again, in seconds. */
  refilledAt: number;
}

export interface Device {
  id: string;
  /** The token in use, which is the last one, and the tokens that it replaced. */
  tokens: Array<{ token: string; gaveWayAt: number }>;
  expiresAt: number;
  readonly endsAt: number;
  readonly counter: Counter;
  readonly sends: SendBudget;
}

export interface MailedCode {
  digits: string;
  readonly sentBy: object;
  readonly expiresAt: number;
  lastSentAt: number;
}

interface Binding {
  readonly account: Account;
  token: string;
  expiresAt: number;
  code: MailedCode | null;
}

export interface Challenge extends Binding {
  guesses: number;
  sends: number;
  readonly rememberMe: boolean;
}

export interface Session extends Binding {
  readonly endsAt: number;
  usedAt: number;
  secondFactorAt: number | null;
  device: Device | null;
  stagedApp: StagedApp | null;
  stagedMail: Staged | null;
}

export interface Account {
  password: string;
  app: App | null;
  lastStep: number;
  mail: object | null;
  backupCodes: Set<string>;
  readonly counter: Counter;
  readonly sends: SendBudget;
  /** When a code was last sent that confirms no staged factor and that no trusted device requested. */
  lastSentAt: number;
  devices: Device[];
  sessions: Session[];
  challenges: Challenge[];
}

/** What the response contains. */
export interface Outcome {
  /** The session that was opened, or that has a new token. */
  readonly session?: Session;
  readonly challenge?: Challenge;
  /** The device that has a new token. */
  readonly device?: Device | undefined;
}

const newCounter = (): Counter => ({ failures: 0, locks: 0, lockedUntil: 0 });
const newBudget = (): SendBudget => ({ refilledAt: 0 });

/** Returns a new account without factors, devices and sessions. */
export function newAccount(password: string): Account {
  return {
    password,
    app: null,
    lastStep: 0,
    mail: null,
    backupCodes: new Set(),
    counter: newCounter(),
    sends: newBudget(),
    lastSentAt: Number.NEGATIVE_INFINITY,
    devices: [],
    sessions: [],
    challenges: [],
  };
}

const FALLBACK = { name: "the account's own address" };

export class Oracle {
  constructor(
    readonly accounts: readonly Account[],
    /** Seconds since the Unix epoch. */
    public now: number,
  ) {}

  get step(): number {
    return Math.floor(this.now / STEP);
  }

  signIn(account: Account, password: string, rememberMe: boolean, deviceToken?: string): Outcome {
    if (password !== account.password) throw new Refusal('401 INVALID_EMAIL_OR_PASSWORD');
    if (!isOn(account)) return { session: this.openSession(account, rememberMe, null, null) };
    const device = account.devices.find(
      ({ tokens, expiresAt }) => expiresAt > this.now && tokens.some(({ token }) => token === deviceToken),
    );
    if (device) {
      const held = device.tokens.find(({ token }) => token === deviceToken);
      const current = held === device.tokens.at(-1);
      if (held && (current || this.now - held.gaveWayAt < MINUTE)) {
        device.expiresAt = Math.min(this.now + 30 * DAY, device.endsAt);
        const session = this.openSession(account, rememberMe, null, device);
        if (!current) return { session };
        held.gaveWayAt = this.now;
        device.tokens.push({ token: '', gaveWayAt: Number.POSITIVE_INFINITY });
        return { session, device };
      }
      // The token is a copy. The trust ends, and the sessions that the device opened end as well.
      device.expiresAt = this.now;
      for (const session of account.sessions) if (session.device === device) end(session);
    }
    const expiresAt = this.now + 10 * MINUTE;
    const challenge = { account, token: '', expiresAt, code: null, guesses: 0, sends: 0, rememberMe };
    account.challenges.push(challenge);
    return { challenge };
  }

  /** @param code the app and the step whose code the client sends; null for a code that no app shows */
  verifyTotp(token: string, code: { readonly app: App; readonly step: number } | null, trust: boolean): Outcome {
    const prover = this.prover(token);
    const { account } = prover;
    const staged = this.stagedOn(prover).app;
    if (!account.app && !staged) throw new Refusal('400 TOTP_NOT_ENABLED');
    this.takeGuess(prover, true);
    const shown = code !== null && Math.abs(code.step - this.step) <= 1 ? code : null;
    if (shown && shown.app === account.app && shown.step > account.lastStep) {
      account.lastStep = shown.step;
      return this.proven(prover, trust);
    }
    if (shown && staged && shown.app === staged.app && this.mayConfirm(prover)) {
      const replaced = account.app !== null;
      account.app = staged.app;
      account.lastStep = shown.step;
      if (staged.codes) account.backupCodes = new Set(staged.codes);
      this.dropStagedElsewhere(prover as Session);
      const own = prover as Session;
      own.stagedApp = null;
      if (own.stagedMail) own.stagedMail.codes = null;
      if (replaced) this.endOldProofs(account, prover as Session);
      return this.proven(prover, trust);
    }
    return this.fail(prover, '401 INVALID_CODE');
  }

  verifyOtp(token: string, digits: string, trust: boolean): Outcome {
    const prover = this.prover(token);
    const { account, code } = prover;
    const staged = this.stagedOn(prover).mail;
    const known = code && [FALLBACK, account.mail, staged].includes(code.sentBy);
    if (!code || !known || code.expiresAt <= this.now) throw new Refusal('400 OTP_HAS_EXPIRED');
    this.takeGuess(prover, true);
    if (digits !== code.digits) return this.fail(prover, '401 INVALID_CODE');
    const confirms = staged !== null && code.sentBy === staged;
    if (confirms && !this.mayConfirm(prover)) return this.fail(prover, '401 INVALID_CODE');
    prover.code = null;
    if (confirms) {
      const replaced = account.mail !== null;
      account.mail = staged;
      if (staged.codes) account.backupCodes = new Set(staged.codes);
      this.dropStagedElsewhere(prover as Session);
      (prover as Session).stagedMail = null;
      if (replaced) this.endOldProofs(account, prover as Session);
    }
    return this.proven(prover, trust);
  }

  verifyBackupCode(token: string, code: string, trust: boolean, disableSession: boolean): Outcome {
    const prover = this.prover(token);
    const { account } = prover;
    if (account.backupCodes.size === 0) throw new Refusal('400 BACKUP_CODES_NOT_ENABLED');
    this.takeGuess(prover, false);
    if (!account.backupCodes.delete(code)) throw new Refusal('401 INVALID_BACKUP_CODE');
    return this.proven(prover, trust, disableSession);
  }

  /** @returns the code that the mail must contain; its digits are empty when the code is new */
  sendOtp(token: string): MailedCode {
    const prover = this.prover(token);
    const { account } = prover;
    const challenge = isChallenge(prover) ? prover : null;
    if (challenge) this.refuseExhausted(challenge);
    const sentBy = this.stagedOn(prover).mail ?? account.mail ?? (account.app && FALLBACK);
    if (!sentBy) throw new Refusal('400 OTP_NOT_ENABLED');
    if (challenge && challenge.sends >= 5) throw tooMany(challenge.expiresAt - this.now);
    const device = challenge ? null : this.deviceOf(prover as Session);
    const budget = device?.sends ?? account.sends;
    const cools = !device && !this.stagedOn(prover).mail;
    const refilledAt = Math.max(budget.refilledAt, this.now) + HOUR;
    const wait = Math.max(
      prover.code ? prover.code.lastSentAt + 30 - this.now : 0,
      cools ? account.lastSentAt + 30 - this.now : 0,
      refilledAt - 10 * HOUR - this.now,
    );
    if (wait > 0) throw tooMany(wait);
    budget.refilledAt = refilledAt;
    if (cools) account.lastSentAt = this.now;
    if (challenge) challenge.sends++;
    const live = prover.code && prover.code.expiresAt - this.now >= MINUTE && prover.code.sentBy === sentBy;
    if (!live) prover.code = { digits: '', sentBy, expiresAt: this.now + 5 * MINUTE, lastSentAt: 0 };
    const code = prover.code as MailedCode;
    code.lastSentAt = this.now;
    return code;
  }

  enable(token: string, password: string, method: 'totp' | 'otp'): Session {
    const session = this.session(token);
    this.requireStrong(session);
    this.requirePassword(session, password);
    const until = this.now + 15 * MINUTE;
    if (method === 'totp') session.stagedApp = { app: {}, until, codes: [] };
    else {
      if (session.code && session.code.sentBy === session.stagedMail) session.code = null;
      session.stagedMail = { until, codes: isOn(session.account) ? null : [] };
    }
    return session;
  }

  disable(token: string, password: string): Outcome {
    const session = this.session(token);
    const { account } = session;
    if (!isOn(account)) throw new Refusal('400 TWO_FACTOR_NOT_ENABLED');
    this.requireStrong(session);
    this.requirePassword(session, password);
    Object.assign(account, { app: null, mail: null, backupCodes: new Set() });
    this.endOldProofs(account, session);
    return this.renewed(session);
  }

  /** @returns the app whose URI the response contains */
  totpUri(token: string, password: string): App {
    const session = this.session(token);
    const staged = this.stagedOn(session).app;
    const app = staged?.app ?? session.account.app;
    if (!app) throw new Refusal('400 TOTP_NOT_ENABLED');
    if (!staged) this.requireStrong(session);
    this.requirePassword(session, password);
    return app;
  }

  /** @returns the account, which takes the new codes of the response */
  generateBackupCodes(token: string, password: string): Account {
    const session = this.session(token);
    const { account } = session;
    if (!isOn(account)) throw new Refusal('400 TWO_FACTOR_NOT_ENABLED');
    this.requireStrong(session);
    this.requirePassword(session, password);
    for (const { stagedApp, stagedMail } of account.sessions) {
      for (const staged of [stagedApp, stagedMail]) if (staged) staged.codes = null;
    }
    return account;
  }

  changePassword(token: string, current: string, next: string): Outcome {
    const session = this.session(token);
    this.requireStrong(session);
    this.requirePassword(session, current);
    session.account.password = next;
    this.endOldProofs(session.account, session);
    return this.renewed(session);
  }

  signOut(token: string): void {
    const session = this.find(token);
    if (session) end(session);
    for (const account of this.accounts) {
      account.challenges = account.challenges.filter((challenge) => challenge.token !== token);
    }
  }

  revokeSession(token: string, other: string): void {
    const session = this.session(token);
    if (other !== token) this.requireStrong(session);
    const doomed = session.account.sessions.find((each) => each.token === other);
    if (doomed) end(doomed);
  }

  revokeSessions(token: string, own: boolean): void {
    const session = this.session(token);
    this.requireStrong(session);
    session.account.sessions = own ? [] : [session];
  }

  /** @param id null for all devices */
  revokeDevice(token: string, id: string | null): void {
    const session = this.session(token);
    const { account } = session;
    const doomed = account.devices.filter((device) => id === null || device.id === id);
    const [device] = doomed.filter(({ expiresAt }) => expiresAt > this.now);
    if (id === null || !device || device !== session.device) this.requireStrong(session);
    if (id !== null && !device) throw new Refusal('404 TRUSTED_DEVICE_NOT_FOUND');
    account.devices = account.devices.filter((each) => !doomed.includes(each));
  }

  /** Returns the body of `GET /two-factor/status`. */
  status(token: string): object {
    const session = this.session(token);
    const { account } = session;
    const lockedFor = this.lockedFor(this.counterOf(session));
    const methods = [...(account.app ? ['totp'] : []), ...(isOn(account) ? ['otp'] : [])];
    return {
      enabled: isOn(account),
      methods,
      // No action of the model registers a passkey.
      passkeys: 0,
      backupCodesLeft: account.backupCodes.size,
      trustedDevices: this.trusted(account).length,
      strong: this.isStrong(session),
      locked: lockedFor !== null,
      lockedFor,
    };
  }

  /** @returns the live session of a token; its use moves the idle timeout, which is stored once an hour at most */
  find(token: string): Session | undefined {
    const session = this.accounts
      .flatMap(({ sessions }) => sessions)
      .find((each) => each.token === token && each.expiresAt > this.now);
    if (session && this.now - session.usedAt > HOUR) this.use(session);
    return session;
  }

  trusted({ devices }: Account): Device[] {
    return devices.filter(({ expiresAt }) => expiresAt > this.now);
  }

  lockedFor({ lockedUntil }: Counter): number | null {
    return lockedUntil > this.now ? Math.min(lockedUntil - this.now, DAY) : null;
  }

  private session(token: string): Session {
    const session = this.find(token);
    if (!session) throw new Refusal('401 UNAUTHORIZED');
    return session;
  }

  private prover(token: string): Session | Challenge {
    if (!token.startsWith('tfc_')) return this.session(token);
    const challenge = this.accounts
      .flatMap(({ challenges }) => challenges)
      .find((each) => each.token === token && each.expiresAt > this.now);
    if (!challenge) throw new Refusal('401 INVALID_TWO_FACTOR_COOKIE');
    return challenge;
  }

  /** Returns the staged factors of the session that staged them. Every other session and every challenge sees none. */
  private stagedOn(prover: Session | Challenge): { app: StagedApp | null; mail: Staged | null } {
    if (isChallenge(prover)) return { app: null, mail: null };
    const live = <T extends Staged>(staged: T | null) => (staged && staged.until > this.now ? staged : null);
    return { app: live(prover.stagedApp), mail: live(prover.stagedMail) };
  }

  /** While two-factor is on, only a strong session may confirm a factor. */
  private mayConfirm(prover: Session | Challenge): boolean {
    return !isOn(prover.account) || (!isChallenge(prover) && this.isStrong(prover));
  }

  private deviceOf({ account, device }: Session): Device | null {
    return device && account.devices.includes(device) && device.expiresAt > this.now ? device : null;
  }

  private counterOf(prover: Session | Challenge): Counter {
    return (isChallenge(prover) ? null : this.deviceOf(prover)?.counter) ?? prover.account.counter;
  }

  private refuseExhausted(challenge: Challenge): void {
    if (challenge.guesses < 5) return;
    challenge.expiresAt = this.now;
    throw new Refusal('400 TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
  }

  private takeGuess(prover: Session | Challenge, lockable: boolean): void {
    const counter = this.counterOf(prover);
    const lockedFor = lockable ? this.lockedFor(counter) : null;
    if (lockedFor !== null) throw new Refusal(`429 ACCOUNT_TEMPORARILY_LOCKED ${lockedFor}`);
    if (isChallenge(prover)) {
      this.refuseExhausted(prover);
      prover.guesses++;
    }
    if (lockable) counter.failures++;
  }

  private fail(prover: Session | Challenge, refusal: string): never {
    const counter = this.counterOf(prover);
    if (counter.failures >= 10 * (counter.locks + 1)) {
      counter.lockedUntil =
        counter.locks === 9 ? Number.POSITIVE_INFINITY : this.now + Math.min(15 * MINUTE * 2 ** counter.locks, DAY);
      counter.locks++;
    }
    throw new Refusal(refusal);
  }

  /** Handles a right second factor: resets the failures, and opens or steps up a session. */
  private proven(prover: Session | Challenge, trust: boolean, disableSession = false): Outcome {
    const { account } = prover;
    for (const counter of [this.counterOf(prover), account.counter]) Object.assign(counter, newCounter());
    account.challenges = account.challenges.filter((challenge) => challenge !== prover);
    if (disableSession) return {};
    let session: Session;
    if (isChallenge(prover)) session = this.openSession(account, prover.rememberMe, this.now, null);
    else {
      session = this.use(prover);
      session.secondFactorAt = this.now;
    }
    if (!trust) return { session };
    const device: Device = {
      id: '',
      tokens: [{ token: '', gaveWayAt: Number.POSITIVE_INFINITY }],
      expiresAt: this.now + 30 * DAY,
      endsAt: this.now + 90 * DAY,
      counter: newCounter(),
      sends: newBudget(),
    };
    account.devices = [...this.trusted(account), device];
    session.device = device;
    return { session, device };
  }

  private openSession(
    account: Account,
    rememberMe: boolean,
    secondFactorAt: number | null,
    device: Device | null,
  ): Session {
    const endsAt = this.now + (rememberMe ? 30 : 1) * DAY;
    const staged = { stagedApp: null, stagedMail: null, code: null };
    const session = { account, token: '', usedAt: 0, expiresAt: 0, endsAt, secondFactorAt, device, ...staged };
    account.sessions.push(this.use(session));
    return session;
  }

  private use(session: Session): Session {
    session.usedAt = this.now;
    session.expiresAt = Math.min(this.now + 7 * DAY, session.endsAt);
    return session;
  }

  private renewed(session: Session): Outcome {
    return { session: this.use(session) };
  }

  /**
   * Ends everything that depended on the old password or factor: challenges, codes, staged factors, devices and other
   * sessions.
   */
  private endOldProofs(account: Account, spared: Session): void {
    Object.assign(account, { challenges: [], devices: [], sessions: [spared] });
    Object.assign(spared, { stagedApp: null, stagedMail: null, code: null });
  }

  /** Drops what other sessions staged, because they may know only the password. */
  private dropStagedElsewhere(own: Session): void {
    for (const session of own.account.sessions.filter((each) => each !== own)) {
      if (session.code && session.code.sentBy === session.stagedMail) session.code = null;
      Object.assign(session, { stagedApp: null, stagedMail: null });
    }
  }

  private isStrong({ secondFactorAt }: Session): boolean {
    return secondFactorAt !== null && this.now - secondFactorAt < DAY;
  }

  private requireStrong(session: Session): void {
    if (isOn(session.account) && !this.isStrong(session)) throw new Refusal('403 SECOND_FACTOR_REQUIRED');
  }

  private requirePassword({ account }: Session, password: string): void {
    if (password !== account.password) throw new Refusal('400 INVALID_PASSWORD');
  }
}

export function isOn({ app, mail }: Account): boolean {
  return app !== null || mail !== null;
}

export function isChallenge(prover: Session | Challenge): prover is Challenge {
  return 'guesses' in prover;
}

function end(session: Session): void {
  session.account.sessions = session.account.sessions.filter((each) => each !== session);
}

function tooMany(seconds: number): Refusal {
  return new Refusal(`429 TOO_MANY_REQUESTS ${seconds}`);
}
