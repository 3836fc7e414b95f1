import { Injectable } from '@nestjs/common';
import { AttemptsService } from './attempts/attempts.service.js';
import { ChallengeService, type TwoFactorMethod } from './challenge/challenge.service.js';
import type { HeaderLines, HttpExchange } from './credentials/http-exchange.js';
import { SecondFactorPolicy } from './credentials/second-factor-policy.js';
import { EnrolmentService } from './enrolment/enrolment.service.js';
import { EnrolmentState } from './enrolment/enrolment-state.js';
import { SecurityEvents } from './ports/security-events.js';
import {
  SessionGateway,
  type IssuedSession,
  type SessionIdentity,
  type SignInContext,
} from './ports/session-gateway.js';
import type { Transaction } from './ports/transaction.js';

/** A sign-in that passed its first factor. */
export interface SignIn {
  readonly accountId: string;
  /** The host's own words, handed to `SessionGateway.issue` now or after the challenge. */
  readonly context: SignInContext;
  readonly exchange: HttpExchange;
  /** Where the account is made in the same breath, as at sign-up. */
  readonly transaction?: Transaction;
}

/** Either a session or a challenge, never both. */
export type SignInResult =
  | { readonly kind: 'session'; readonly issued: IssuedSession }
  | { readonly kind: 'challenge'; readonly body: ChallengeAnswer; readonly headers: HeaderLines };

/** What a sign-in answers when a second factor is due. */
export interface ChallengeAnswer {
  readonly twoFactorRedirect: true;
  readonly twoFactorMethods: readonly TwoFactorMethod[];
  /** The challenge as bearer token, for clients without cookies. */
  readonly twoFactorToken: string;
}

/** What a host calls. */
@Injectable()
export class TwoFactorService {
  constructor(
    private readonly challenges: ChallengeService,
    private readonly enrolment: EnrolmentService,
    private readonly state: EnrolmentState,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly attempts: AttemptsService,
    private readonly sessions: SessionGateway,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * The one gate to a session [ASVS 6.3.4]: call it after the first factor, whatever that was, and open no session by
   * any other way.
   *
   * @example
   * ```ts
   * const result = await this.twoFactor.signIn({ accountId, context: { rememberMe }, exchange });
   * exchange.setHeaders(result.kind === 'session' ? result.issued.headers : result.headers);
   * return result.kind === 'session' ? { token: result.issued.token } : result.body;
   * ```
   */
  async signIn({ accountId, context, exchange, transaction }: SignIn): Promise<SignInResult> {
    const challenge = await this.challenges.open(accountId, context, transaction);
    if (!challenge) {
      const grant = { accountId, secondFactor: null, context, request: exchange.request };
      return { kind: 'session', issued: await this.sessions.issue(grant, transaction) };
    }
    this.events.emit({ name: 'two-factor.challenged', accountId });
    const { token, methods, headers } = challenge;
    const body = { twoFactorRedirect: true, twoFactorMethods: methods, twoFactorToken: token } as const;
    return { kind: 'challenge', body, headers };
  }

  /** @returns whether the account has two-factor on */
  async isEnabled(accountId: string): Promise<boolean> {
    return this.state.isOn(accountId);
  }

  /** @throws {TwoFactorException} SECOND_FACTOR_REQUIRED when two-factor is on and the session is weak */
  async requireStrong(session: SessionIdentity): Promise<void> {
    return this.secondFactor.require(session);
  }

  /** Burns what rests on the old password: open challenges and staged factors. Ending sessions is the host's part. */
  async passwordChanged(accountId: string, transaction: Transaction): Promise<void> {
    await this.challenges.burnAll(accountId, transaction);
    await this.enrolment.dropStaged(accountId, transaction);
  }

  /** Ends a lock of the account's verification: an operator's act. */
  async unlock(accountId: string): Promise<void> {
    await this.attempts.unlock(accountId);
  }

  /** Drops everything that the library keeps of an account, which is being deleted. */
  async forget(accountId: string, transaction: Transaction): Promise<void> {
    await this.enrolment.forget(accountId, transaction);
    await this.attempts.forget(accountId, transaction);
  }
}
