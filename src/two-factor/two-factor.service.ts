import { Injectable } from '@nestjs/common';
import { AttemptsService } from './attempts/attempts.service.js';
import { ChallengeService, type Gate, type TwoFactorMethod } from './challenge/challenge.service.js';
import type { LeavingCaller } from './challenge/caller.js';
import { isCookieless, NO_REQUEST, type HeaderLines, type IncomingRequest } from './ports/incoming-request.js';
import { SecondFactorPolicy } from './policy/second-factor-policy.js';
import { claimsOf, type SessionClaims } from './policy/session-claims.js';
import { StepUpPolicy } from './policy/step-up-policy.js';
import { stepUpDemand, type StepUpOptions } from './policy/step-up.js';
import { EnrolmentService } from './enrolment/enrolment.service.js';
import { EventLog } from './events/event-log.js';
import { EnrolmentState } from './factor/enrolment-state.js';
import { MessageWriter } from './messages/message-writer.js';
import { AccountDirectory } from './ports/account-directory.js';
import { NO_ORIGIN, originOf, type SecurityEventName } from './ports/security-events.js';
import {
  SessionGateway,
  type IssuedSession,
  type SessionIdentity,
  type SignInContext,
} from './ports/session-gateway.js';
import type { Transaction } from './postgres/transaction.js';
import { Database } from './postgres/database.js';
import { TrustedDevicesService } from './trusted-devices/trusted-devices.service.js';

/** A sign-in that passed its first factor. */
export interface SignIn {
  readonly accountId: string;
  /** The host's own words, handed to `SessionGateway.issue` now or after the challenge. */
  readonly context: SignInContext;
  readonly request: IncomingRequest;
  /** Where the account is made in the same transaction, as at sign-up. */
  readonly transaction?: Transaction;
}

/** Either a session or a challenge, never both. */
export type SignInResult =
  | {
      readonly kind: 'session';
      readonly issued: IssuedSession;
      /** Header lines for the answer: those of the session, and of the device that it came from. */
      readonly headers: HeaderLines;
      /** The device's next token, for the body of the answer: only where the caller sent no cookie. */
      readonly trustedDeviceToken?: string;
    }
  | { readonly kind: 'challenge'; readonly body: ChallengeResponse; readonly headers: HeaderLines };

/** What a sign-in answers when a second factor is due. */
export interface ChallengeResponse {
  readonly twoFactorRedirect: true;
  readonly twoFactorMethods: readonly TwoFactorMethod[];
  /** The challenge as bearer token, for clients without cookies. */
  readonly twoFactorToken: string;
}

/** What the host's own code calls. */
@Injectable()
export class TwoFactorService {
  constructor(
    private readonly challenges: ChallengeService,
    private readonly enrolment: EnrolmentService,
    private readonly state: EnrolmentState,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly stepUp: StepUpPolicy,
    private readonly attempts: AttemptsService,
    private readonly sessions: SessionGateway,
    private readonly events: EventLog,
    private readonly devices: TrustedDevicesService,
    private readonly accounts: AccountDirectory,
    private readonly messages: MessageWriter,
    private readonly database: Database,
  ) {}

  /**
   * The one gate to a session [ASVS 6.3.4]: call it after the first factor, whatever that was, and open no session by
   * any other way.
   *
   * @example
   * ```ts
   * const result = await this.twoFactor.signIn({ accountId, context: { rememberMe }, request: exchange.request });
   * exchange.setHeaders(result.headers);
   * return result.kind === 'session' ? { token: exchange.tokenInBody(result.issued) } : result.body;
   * ```
   */
  async signIn(signIn: SignIn): Promise<SignInResult> {
    const { request, transaction } = signIn;
    if (transaction) return this.enter(signIn, transaction);
    if (!this.sessions.transactional) {
      const gate = await this.events.writing((own) => this.openGate(signIn, own));
      return this.answer(signIn, gate);
    }
    // Only then more than one thing is written: the device's next token goes with the session, or not at all.
    const together = this.events.records || this.devices.presented(request) !== null;
    return together ? this.database.transaction((own) => this.enter(signIn, own)) : this.enter(signIn);
  }

  private async enter(signIn: SignIn, transaction?: Transaction): Promise<SignInResult> {
    return this.answer(signIn, await this.openGate(signIn, transaction), transaction);
  }

  /** Finds out what the first factor leads to; of a copied device token the owner is told. */
  private async openGate({ accountId, context, request }: SignIn, transaction?: Transaction): Promise<Gate> {
    const gate = await this.challenges.open(accountId, context, request, transaction);
    if (gate.kind !== 'challenge') return gate;
    if (gate.reused !== null) await this.answerReuse(accountId, gate.reused, request, transaction);
    const name: SecurityEventName = gate.reused !== null ? 'two-factor.device-reused' : 'two-factor.challenged';
    await this.events.tell({ name, accountId, ...originOf(request) }, transaction ?? this.database);
    return gate;
  }

  /** The challenge, or the session that the gate lets through. */
  private async answer(
    { accountId, context, request }: SignIn,
    gate: Gate,
    transaction?: Transaction,
  ): Promise<SignInResult> {
    if (gate.kind === 'challenge') {
      const { token, methods, headers } = gate;
      const body = { twoFactorRedirect: true, twoFactorMethods: methods, twoFactorToken: token } as const;
      return { kind: 'challenge', body, headers };
    }
    const device = gate.kind === 'trusted' ? gate : null;
    const trustedDeviceId = device?.deviceId ?? null;
    const grant = { accountId, secondFactor: null, amr: [], trustedDeviceId, context, request };
    const issued = await this.sessions.issue(grant, transaction);
    if (device) {
      const event = { name: 'two-factor.device-used', accountId, ...originOf(request, issued) } as const;
      await this.events.tell(event, transaction ?? this.database);
    }
    return {
      kind: 'session',
      issued,
      headers: [...issued.headers, ...(device?.headers ?? [])],
      ...(device?.token !== undefined && isCookieless(request) && { trustedDeviceToken: device.token }),
    };
  }

  /**
   * A device's token was copied. Tells the owner, and ends the sessions that came from the device: one of them may be the
   * thief's [RFC 9700 §4.14.2].
   */
  private async answerReuse(
    accountId: string,
    deviceId: string,
    request: IncomingRequest,
    transaction?: Transaction,
  ): Promise<void> {
    const account = await this.accounts.find(accountId, transaction);
    if (account)
      await this.messages.notify(accountId, account, { topic: 'device-reused' }, request, transaction ?? this.database);
    await this.sessions.endDevice(accountId, deviceId, transaction);
  }

  /**
   * For hosts that limit guesses at passwords and leave the owner's own devices a way in. Costs a statement where a device
   * token came along, or the session knows its device. A token of another account, a dead or a spent one opens nothing.
   *
   * @param accountId any text where there is no such account: the work is the same
   * @returns id of the device that the account trusts and that the request or its session comes from; null for none
   */
  async trustedDevice(accountId: string, request: IncomingRequest, session?: SessionIdentity): Promise<string | null> {
    return this.devices.trusting(accountId, request, session?.trustedDeviceId ?? null);
  }

  /** @returns whether a request carries a device token, of any account; makes no look-up */
  presentsDevice(request: IncomingRequest): boolean {
    return this.devices.presented(request) !== null;
  }

  /** @returns whether the account has two-factor on */
  async isEnabled(accountId: string): Promise<boolean> {
    return this.state.isOn(accountId);
  }

  /** @returns whether the session proved a second factor, not too long ago */
  isStrong(session: Pick<SessionIdentity, 'secondFactorAt'>): boolean {
    return this.secondFactor.isStrong(session);
  }

  /** @throws {TwoFactorException} SECOND_FACTOR_REQUIRED when two-factor is on and the session is weak */
  async requireStrong(session: SessionIdentity, transaction?: Transaction): Promise<void> {
    return this.secondFactor.require(session, transaction);
  }

  /**
   * What `@RequireTwoFactor` asks of a route, asked in the middle of the host's code.
   *
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED when the session is too weak or too old, ENROLMENT_REQUIRED
   * @throws {RangeError} for options that make no sense
   */
  async requireTwoFactor(session: SessionIdentity, options: StepUpOptions = {}): Promise<void> {
    await this.stepUp.require(session, stepUpDemand(options, 'requireTwoFactor'));
  }

  /**
   * What a JWT of the host's may say about how a session was authenticated; makes no look-up. `requireClaims` checks it.
   *
   * @example
   * ```ts
   * const token = await this.jwt.signAsync({ sub: session.accountId, ...this.twoFactor.claims(session) }, { expiresIn: '5m' });
   * ```
   */
  claims(session: SessionIdentity): SessionClaims {
    return claimsOf(session);
  }

  /**
   * Burns what rests on the old password: open challenges, staged factors, trusted devices; and tells the owner by mail
   * [ASVS 6.3.7]. Comes first in its transaction. Ending sessions is the host's part.
   *
   * @param request the one that the password was changed by, for the language of the mail
   */
  async passwordChanged(accountId: string, transaction: Transaction, request = NO_REQUEST): Promise<void> {
    await this.challenges.burnAll(accountId, transaction);
    await this.enrolment.dropStaged(accountId, transaction);
    await this.devices.dropAll(accountId, transaction);
    const account = await this.accounts.find(accountId, transaction);
    if (account) await this.messages.notify(accountId, account, { topic: 'password-changed' }, request, transaction);
  }

  /**
   * Takes an account back to its password, for an owner who lost every factor: an operator's act, after finding out who
   * asks. Drops every factor, challenge, code, device and failure, ends all sessions and tells the owner.
   *
   * @param transaction the host's own, where it writes something along; it comes first in it
   */
  async reset(accountId: string, transaction?: Transaction): Promise<void> {
    if (!transaction) return this.database.transaction((own) => this.reset(accountId, own));
    await this.drop(accountId, transaction);
    const account = await this.accounts.recordTwoFactor(accountId, false, transaction);
    if (account)
      await this.messages.notify(accountId, account, { topic: 'two-factor-disabled' }, NO_REQUEST, transaction);
    await this.sessions.endAll(accountId, transaction);
    await this.events.tell({ name: 'two-factor.reset', accountId, ...NO_ORIGIN }, transaction);
  }

  /**
   * The library's part of signing out: burns the challenges that came along and makes the browser forget them. Ending
   * `caller.sessions` is the host's part. Devices stay trusted.
   *
   * @param caller what `@CurrentCaller()` gives below `@Accepts('sign-out')`
   * @returns header lines for the answer
   */
  async signOut(caller: LeavingCaller, request: IncomingRequest): Promise<HeaderLines> {
    await this.challenges.burn(caller.challenges);
    return this.challenges.tokenOf(request.cookies) === undefined ? [] : this.challenges.expiredCookie();
  }

  /** Ends a lock of the account's verification: an operator's act. */
  async unlock(accountId: string): Promise<void> {
    await this.attempts.unlock(accountId);
  }

  /** Drops everything that the library keeps of an account, which is being deleted. */
  async forget(accountId: string, transaction: Transaction): Promise<void> {
    await this.drop(accountId, transaction);
    await this.enrolment.forget(accountId, transaction);
    await this.messages.forget(accountId, transaction);
  }

  private async drop(accountId: string, transaction: Transaction): Promise<void> {
    await this.challenges.burnAll(accountId, transaction);
    await this.enrolment.dropAll(accountId, transaction);
    await this.attempts.forget(accountId, transaction);
  }
}
