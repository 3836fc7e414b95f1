import { parseSetCookie } from 'cookie';
import { AuthenticatorApp, Caller, type AnyBody, type Answer } from '../support/client.js';
import type { DeviceBody } from '../support/devices.js';
import { TRUSTED_ORIGIN } from '../support/service.js';
import { startTimedService, type TimedService } from '../support/time.js';
import { isOn, newAccount, Oracle, Refusal, type Account, type App, type Outcome, type Session } from './oracle.js';

/** How a request carries a token. The meaning is the same for both. */
export type Carrier = 'bearer' | 'cookie';

export const PASSWORDS = ['correct horse battery staple', 'a quite different passphrase'] as const;
const EMAILS = ['ada@example.com', 'bob@example.com'] as const;

/** Runs the service and the oracle in parallel: each action goes to both, and their answers must be equal. */
export class ModelRunner {
  oracle!: Oracle;
  /** Every token that was ever issued. */
  readonly sessionTokens: string[] = [];
  readonly challengeTokens: string[] = [];
  readonly deviceTokens: string[] = [];
  readonly backupCodes: string[] = [];
  /** The app that a session staged last, confirmed or not. */
  readonly stagedApps = new Map<Session, App>();
  private readonly apps = new Map<App, AuthenticatorApp>();
  private readonly caller: Caller;

  private constructor(readonly service: TimedService) {
    this.caller = new Caller(service);
  }

  static async start(): Promise<ModelRunner> {
    const service = await startTimedService({ messages: true, config: { outbox: false } });
    const runner = new ModelRunner(service);
    for (const email of EMAILS) {
      await runner.caller.post('/sign-up/email', { email, password: PASSWORDS[0], name: email });
    }
    await service.query('CREATE TABLE standstill.first_users AS SELECT * FROM users');
    await service.pass(1 - (service.clock.now().getTime() % 1000) / 1000);
    return runner;
  }

  /** Restores the state right after the accounts were created. */
  async reset(): Promise<void> {
    const tables = [
      'attempts',
      'authenticator',
      'backup_code',
      'challenge',
      'one_time_code',
      'otp_method',
      'send_budget',
      'trusted_device',
    ];
    await this.service.query(
      [
        ...tables.map((table) => `DELETE FROM two_factor_${table}`),
        'DELETE FROM sessions',
        `UPDATE users u SET password_hash = s.password_hash, password_version = 1, two_factor_enabled = false
         FROM standstill.first_users s WHERE s.id = u.id`,
      ].join(';'),
    );
    this.oracle = new Oracle(
      EMAILS.map(() => newAccount(PASSWORDS[0])),
      this.service.clock.now().getTime() / 1000,
    );
    for (const list of [this.sessionTokens, this.challengeTokens, this.deviceTokens, this.backupCodes]) list.length = 0;
    this.stagedApps.clear();
  }

  async pass(seconds: number): Promise<void> {
    await this.service.pass(seconds);
    this.oracle.now += seconds;
  }

  /** Returns the code that an app shows the given number of steps from now. */
  codeOf(app: App, steps: number): string {
    return this.appOf(app).code(steps);
  }

  wrongCode(app: App | null): string {
    return app ? this.appOf(app).wrongCode() : '000000';
  }

  async signIn(account: Account, password: string, rememberMe: boolean, device: string | undefined, carrier: Carrier) {
    const expected = this.ask(() => this.oracle.signIn(account, password, rememberMe, device));
    const body = { email: this.emailOf(account), password, rememberMe };
    const cookie = carrier === 'cookie';
    const headers: Record<string, string> = cookie
      ? { origin: TRUSTED_ORIGIN, cookie: `trust_device=${device ?? ''}` }
      : { ...(device !== undefined && { 'x-trusted-device': device }) };
    const answer = await this.caller.post('/sign-in/email', body, undefined, headers);
    this.compare('sign in', expected, answer);
    this.hear(expected.outcome, answer, carrier);
    if (expected.outcome?.challenge) {
      const methods = [...(account.app ? ['totp'] : []), 'otp'];
      same('methods of the challenge', answer.body.twoFactorMethods, methods);
    }
  }

  async verify(
    path: 'verify-totp' | 'verify-otp' | 'verify-backup-code',
    predict: () => Outcome,
    body: { code: string; trustDevice: boolean; disableSession?: boolean },
    token: string,
    carrier: Carrier,
  ): Promise<void> {
    const expected = this.ask(predict);
    const answer = await this.post(`/two-factor/${path}`, body, token, carrier);
    this.compare(path, expected, answer);
    this.hear(expected.outcome, answer, carrier);
    const { device, session } = expected.outcome ?? {};
    if (device && session) await this.learnId(session);
  }

  async sendOtp(token: string, carrier: Carrier): Promise<void> {
    const expected = this.ask(() => this.oracle.sendOtp(token));
    const answer = await this.post('/two-factor/send-otp', {}, token, carrier);
    this.compare('send-otp', expected, answer);
    if (!expected.outcome) return;
    const digits = await this.collectCode();
    if (expected.outcome.digits) same('the code that is sent again', digits, expected.outcome.digits);
    expected.outcome.digits = digits;
  }

  async enable(token: string, password: string, method: 'totp' | 'otp', carrier: Carrier): Promise<void> {
    const expected = this.ask(() => this.oracle.enable(token, password, method));
    const answer = await this.post('/two-factor/enable', { password, method }, token, carrier);
    this.compare('enable', expected, answer);
    const { stagedApp, stagedMail } = expected.outcome ?? {};
    const staged = method === 'totp' ? stagedApp : stagedMail;
    if (!staged) return;
    same('backup codes of what is staged', answer.body.backupCodes?.length ?? null, staged.codes && 10);
    if (staged.codes) staged.codes = this.keep(answer.body.backupCodes);
    if (expected.outcome && stagedApp && method === 'totp') this.stagedApps.set(expected.outcome, stagedApp.app);
    if (stagedApp && method === 'totp')
      this.apps.set(stagedApp.app, new AuthenticatorApp(answer.body.totpURI, this.service));
  }

  async disable(token: string, password: string, carrier: Carrier): Promise<void> {
    const expected = this.ask(() => this.oracle.disable(token, password));
    const answer = await this.post('/two-factor/disable', { password }, token, carrier);
    this.compare('disable', expected, answer);
    this.hear(expected.outcome, answer, carrier);
  }

  async totpUri(token: string, password: string, carrier: Carrier): Promise<void> {
    const expected = this.ask(() => this.oracle.totpUri(token, password));
    const answer = await this.post('/two-factor/get-totp-uri', { password }, token, carrier);
    this.compare('get-totp-uri', expected, answer);
    if (!expected.outcome) return;
    const shown = new AuthenticatorApp(answer.body.totpURI, this.service);
    same('the app that is shown', shown.code(), this.codeOf(expected.outcome, 0));
  }

  async generateBackupCodes(token: string, password: string, carrier: Carrier): Promise<void> {
    const expected = this.ask(() => this.oracle.generateBackupCodes(token, password));
    const answer = await this.post('/two-factor/generate-backup-codes', { password }, token, carrier);
    this.compare('generate-backup-codes', expected, answer);
    if (expected.outcome) expected.outcome.backupCodes = new Set(this.keep(answer.body.backupCodes));
  }

  async changePassword(token: string, current: string, next: string, others: boolean, carrier: Carrier): Promise<void> {
    const expected = this.ask(() => this.oracle.changePassword(token, current, next));
    const body = { currentPassword: current, newPassword: next, revokeOtherSessions: others };
    const answer = await this.post('/change-password', body, token, carrier);
    this.compare('change-password', expected, answer);
    this.hear(expected.outcome, answer, carrier);
  }

  async end(path: string, predict: () => void, body: object, token: string, carrier: Carrier): Promise<void> {
    const expected = this.ask(predict);
    this.compare(path, expected, await this.post(path, body, token, carrier));
  }

  async revokeDevice(token: string, id: string | null, carrier: Carrier): Promise<void> {
    const expected = this.ask(() => this.oracle.revokeDevice(token, id));
    const path = `/two-factor/trusted-devices${id === null ? '' : `/${id}`}`;
    const { bearer, headers } = carry(token, carrier);
    this.compare('revoke a device', expected, await this.caller.delete(path, bearer, headers));
  }

  /** Compares an account with the oracle, through one of its sessions. */
  async look(token: string): Promise<void> {
    const expected = this.ask(() => this.oracle.status(token));
    const answer = await this.caller.get<Record<string, unknown>>('/two-factor/status', token);
    this.compare('status', expected, answer);
    if (!expected.outcome) return;
    const { preferred: _preferred, otpDestinations: _destinations, ...seen } = answer.body;
    same('status', seen, expected.outcome);
  }

  /** Compares with the oracle which of all issued tokens are still valid. */
  async lookAtAll(): Promise<void> {
    for (const token of this.sessionTokens) {
      const lives = this.oracle.find(token) !== undefined;
      const { body } = await this.caller.get<unknown>('/get-session', token);
      same(`session ${this.sessionTokens.indexOf(token)} lives`, body !== null, lives);
    }
    const { accounts } = this.oracle;
    for (const account of accounts.filter(isOn)) {
      for (const token of this.deviceTokens.slice())
        await this.signIn(account, account.password, true, token, 'bearer');
    }
  }

  ownerOf(token: string): Account | undefined {
    return this.oracle.accounts.find(({ sessions, challenges }) =>
      [...sessions, ...challenges].some((each) => each.token === token),
    );
  }

  private async learnId(session: Session): Promise<void> {
    const { body } = await this.caller.get<DeviceBody[]>('/two-factor/trusted-devices', session.token);
    const known = session.account.devices.map(({ id }) => id);
    const listed = body.find(({ id }) => !known.includes(id));
    if (!listed || !session.device) throw new Error('A device that was trusted is not listed');
    same('the new device is the current one', listed.current, true);
    session.device.id = listed.id;
    this.oracle.find(session.token);
  }

  /** Delivers the queued messages, and returns the code of the only mail with a code. */
  private async collectCode(): Promise<string> {
    const { sent } = this.service.messages.mail;
    sent.length = 0;
    await this.service.deliver();
    const codes = sent.flatMap(({ text }) => /^\d{6}$/m.exec(text)?.[0] ?? []);
    same('mails with a code', codes.length, 1);
    return codes[0] ?? '';
  }

  /** Records the tokens of a response. */
  private hear({ session, challenge, device }: Outcome = {}, answer: Answer<AnyBody>, carrier: Carrier): void {
    const { body } = answer;
    const cookies = new Map(
      answer.headers.getSetCookie().map((line) => {
        const { name, value } = parseSetCookie(line);
        return [name, value];
      }),
    );
    if (session) {
      const token = fresh(answer.headers.get('set-auth-token') ?? undefined, this.sessionTokens);
      same('the body shows the token', body.token === token, carrier === 'bearer');
      same('the body shows a token', body.token.startsWith('tfs_'), carrier === 'bearer');
      session.token = token;
    } else same('a session token', body.token ?? null, null);
    if (challenge) challenge.token = fresh(body.twoFactorToken, this.challengeTokens);
    else same('a challenge token', body.twoFactorToken ?? null, null);
    const deviceToken = body.trustedDeviceToken ?? (cookies.get('trust_device') || undefined);
    const current = device?.tokens.at(-1);
    if (current) current.token = fresh(deviceToken, this.deviceTokens);
    else same('a device token', deviceToken ?? null, null);
  }

  private keep(codes: readonly string[]): readonly string[] {
    same('backup codes', new Set(codes).size, 10);
    this.backupCodes.push(...codes);
    return codes;
  }

  private ask<T>(predict: () => T): Expected<T> {
    try {
      return { says: '200', outcome: predict() };
    } catch (error) {
      if (error instanceof Refusal) return { says: error.message, outcome: undefined };
      throw error;
    }
  }

  private compare(what: string, { says }: Expected<unknown>, { status, headers, body }: Answer<unknown>): void {
    const { code } = (status === 200 ? {} : body) as { code?: string };
    same(what, [status, code, headers.get('retry-after')].filter((part) => part).join(' '), says);
  }

  private async post(path: string, body: object, token: string, carrier: Carrier) {
    const { bearer, headers } = carry(token, carrier);
    return this.caller.post(path, body, bearer, headers);
  }

  private appOf(app: App): AuthenticatorApp {
    const known = this.apps.get(app);
    if (!known) throw new Error('That app was never scanned');
    return known;
  }

  private emailOf(account: Account): string {
    return EMAILS[this.oracle.accounts.indexOf(account)] ?? '';
  }
}

interface Expected<T> {
  readonly says: string;
  readonly outcome: T | undefined;
}

function carry(token: string, carrier: Carrier): { bearer: string | undefined; headers: Record<string, string> } {
  if (carrier === 'bearer') return { bearer: token, headers: {} };
  const name = token.startsWith('tfc_') ? 'two_factor' : 'session_token';
  return { bearer: undefined, headers: { origin: TRUSTED_ORIGIN, cookie: `${name}=${token}` } };
}

function fresh(token: string | undefined, known: string[]): string {
  same('a token that was never seen before', token === undefined || known.includes(token), false);
  known.push(token ?? '');
  return token ?? '';
}

function same(what: string, seen: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: the service says ${one}, the contract ${other}`);
}
