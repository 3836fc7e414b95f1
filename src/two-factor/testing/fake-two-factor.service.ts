import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { LeavingCaller } from '../challenge/caller.js';
import type { TwoFactorMethod } from '../challenge/challenge.service.js';
import type { HeaderLines, IncomingRequest } from '../ports/incoming-request.js';
import { NO_REQUEST } from '../ports/incoming-request.js';
import type { IssuedSession, SessionIdentity } from '../ports/session-gateway.js';
import { claimsOf, type SessionClaims } from '../policy/session-claims.js';
import { levelOf, reaches, stepUpDemand, stepUpRequired, type StepUpOptions } from '../policy/step-up.js';
import { tokenHash } from '../tokens/tokens.js';
import { TwoFactorException } from '../two-factor.errors.js';
import type { SignIn, SignInResult, TwoFactorService } from '../two-factor.service.js';
import { FakeSessions } from './fake-sessions.js';

/** Seconds, as `session.strongFor` by default. */
const STRONG_FOR = 86_400;

/** A method of TwoFactorService that the code under test called, and for which account. */
export interface FakeCall {
  readonly method: 'signIn' | 'passwordChanged' | 'reset' | 'unlock' | 'forget' | 'signOut';
  /** Null where the call names none. */
  readonly accountId: string | null;
}

/**
 * Stands for TwoFactorService in tests without a database. The test says which accounts have two-factor on; the rest follows
 * from that. It keeps neither factors nor guesses.
 *
 * @example
 * ```ts
 * const twoFactor = module.get(FakeTwoFactorService);
 * twoFactor.turnOn('7');
 * await login({ username: 'ada' }); // the controller under test answers with a challenge now
 * const { token } = await twoFactor.openSession('7', { strong: true }); // what a verification would give
 * ```
 */
@Injectable()
export class FakeTwoFactorService implements Pick<TwoFactorService, keyof TwoFactorService> {
  /** What was called, in order; questions such as `isEnabled` are left out. */
  readonly calls: FakeCall[] = [];
  private readonly methods = new Map<string, readonly TwoFactorMethod[]>();
  private readonly devices = new Map<string, string>();
  private readonly challenges = new Map<string, string>();

  constructor(private readonly sessions: FakeSessions) {}

  /** Turns two-factor on for an account: its next sign-in gets a challenge. */
  turnOn(accountId: string, methods: readonly TwoFactorMethod[] = ['totp']): void {
    this.methods.set(accountId, methods);
  }

  turnOff(accountId: string): void {
    this.methods.delete(accountId);
  }

  /** Lets the account sign in without a challenge, as from a device that it trusts; null: no longer. */
  trustDevice(accountId: string, deviceId: string | null): void {
    if (deviceId === null) this.devices.delete(accountId);
    else this.devices.set(accountId, deviceId);
  }

  /**
   * Opens a session.
   *
   * @param options `strong`: whether its second factor was proven just now, default false; `amr`: how, by RFC 8176, by default
   *   as by an authenticator app. `['swk', 'pop', 'user', 'mfa']` is a passkey with user verification
   */
  async openSession(
    accountId: string,
    { strong = false, amr = strong ? ['otp', 'mfa'] : [] }: { strong?: boolean; amr?: readonly string[] } = {},
  ): Promise<IssuedSession> {
    const secondFactor = strong ? 'totp' : null;
    const grant = { accountId, secondFactor, amr, trustedDeviceId: null, context: {}, request: NO_REQUEST };
    return this.sessions.issue(grant);
  }

  /** @returns what the account can verify with; null with two-factor off */
  methodsOf(accountId: string): readonly TwoFactorMethod[] | null {
    return this.methods.get(accountId) ?? null;
  }

  /** @returns the account of an open challenge, by the hash of its token; null for none */
  challengedAccount(hash: Buffer): string | null {
    return this.challenges.get(hash.toString('hex')) ?? null;
  }

  async signIn({ accountId, context, request }: SignIn): Promise<SignInResult> {
    this.calls.push({ method: 'signIn', accountId });
    const methods = this.methods.get(accountId);
    const trustedDeviceId = this.devices.get(accountId) ?? null;
    if (methods && trustedDeviceId === null) {
      const twoFactorToken = `${CHALLENGE_PREFIX}${randomUUID()}`;
      this.challenges.set(tokenHash(twoFactorToken).toString('hex'), accountId);
      return {
        kind: 'challenge',
        body: { twoFactorRedirect: true, twoFactorMethods: methods, twoFactorToken },
        headers: [],
      };
    }
    const grant = { accountId, secondFactor: null, amr: [], trustedDeviceId, context, request };
    const issued = await this.sessions.issue(grant);
    return { kind: 'session', issued, headers: issued.headers };
  }

  async trustedDevice(accountId: string): Promise<string | null> {
    return this.devices.get(accountId) ?? null;
  }

  /** Whether the request has a cookie or a header for device tokens; the test sets none unless it wants to. */
  presentsDevice(request: IncomingRequest): boolean {
    return request.headers['x-trusted-device'] !== undefined;
  }

  async isEnabled(accountId: string): Promise<boolean> {
    return this.methods.has(accountId);
  }

  /** Whether the session proved a second factor at all: time does not pass here. */
  isStrong({ secondFactorAt }: Pick<SessionIdentity, 'secondFactorAt'>): boolean {
    return secondFactorAt !== null;
  }

  async requireStrong(session: SessionIdentity): Promise<void> {
    if (this.methods.has(session.accountId) && !this.isStrong(session)) {
      throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    }
  }

  /** As fresh as the wall clock says: no test can move it. */
  async requireTwoFactor(session: SessionIdentity, options: StepUpOptions = {}): Promise<void> {
    const { maxAge, acr, whenOff } = stepUpDemand(options, 'requireTwoFactor');
    const seconds = maxAge ?? STRONG_FOR;
    const age = session.secondFactorAt === null ? Infinity : Date.now() - session.secondFactorAt.getTime();
    if (age < seconds * 1000 && reaches(levelOf(session), acr)) return;
    const methods = this.methodsOf(session.accountId);
    if (methods !== null) throw stepUpRequired({ maxAge: seconds, acr, methods }, 401);
    if (whenOff === 'refuse') throw new TwoFactorException('ENROLMENT_REQUIRED');
  }

  claims(session: SessionIdentity): SessionClaims {
    return claimsOf(session);
  }

  async passwordChanged(accountId: string): Promise<void> {
    this.calls.push({ method: 'passwordChanged', accountId });
    this.drop(accountId);
  }

  async reset(accountId: string): Promise<void> {
    this.calls.push({ method: 'reset', accountId });
    this.drop(accountId);
    this.methods.delete(accountId);
    await this.sessions.endAll(accountId);
  }

  async signOut({ challenges }: LeavingCaller): Promise<HeaderLines> {
    this.calls.push({ method: 'signOut', accountId: null });
    for (const hash of challenges) this.challenges.delete(hash.toString('hex'));
    return [];
  }

  async unlock(accountId: string): Promise<void> {
    this.calls.push({ method: 'unlock', accountId });
  }

  async forget(accountId: string): Promise<void> {
    this.calls.push({ method: 'forget', accountId });
    this.drop(accountId);
    this.methods.delete(accountId);
  }

  private drop(accountId: string): void {
    this.devices.delete(accountId);
    for (const [hash, owner] of this.challenges) if (owner === accountId) this.challenges.delete(hash);
  }
}

/** What challenge tokens of `FakeTwoFactorService` begin with. */
export const CHALLENGE_PREFIX = 'challenge_';
