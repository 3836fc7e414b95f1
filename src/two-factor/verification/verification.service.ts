import { Injectable } from '@nestjs/common';
import { AttemptsService } from '../attempts/attempts.service.js';
import type { Guess } from './guess.js';
import { LONGEST_LOCK_SECONDS, nextLockSeconds } from '../attempts/lock-schedule.js';
import type { ChallengeCaller, SessionCaller } from '../challenge/caller.js';
import type { HttpExchange } from '../routes/http-exchange.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import { MessageWriter, type Addressee } from '../messages/message-writer.js';
import { AccountDirectory, type UserView } from '../ports/account-directory.js';
import { originOf, SecurityEvents, type SecurityEvent, type SecurityEventName } from '../ports/security-events.js';
import {
  SessionGateway,
  type IncomingRequest,
  type IssuedSession,
  type SessionIdentity,
} from '../ports/session-gateway.js';
import type { Transaction } from '../postgres/transaction.js';
import { Database } from '../postgres/database.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TrustedDevicesService, type FreshDevice } from '../trusted-devices/trusted-devices.service.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { ChallengeService } from '../challenge/challenge.service.js';
import type { Factor, Match, Spent } from '../factor/factor.js';
import type { Verified } from '../routes/verification.dto.js';

/** Somebody who may prove a second factor. */
export type Prover = SessionCaller | ChallengeCaller;

/** A code, and who offers it. */
export interface ProofOfCode {
  readonly caller: Prover;
  readonly code: string;
  readonly exchange: HttpExchange;
  /** Whether to trust the device that the code came from. */
  readonly trustDevice?: boolean | undefined;
}

/** A factor was spent, and what was written along with it. */
interface Written<T> {
  readonly spent: Spent;
  readonly result: T;
}

/** A right code whose factor is spent. */
interface Proven {
  readonly guess: Guess<unknown>;
  readonly match: Match;
  readonly spent: Spent;
}

/** Somebody else was faster: the code, the challenge or the lock is not what it was. */
class ConcurrentUseError extends Error {}

/**
 * The path that every factor's verification takes: a guess is taken, the code is checked in memory, the factor is spent
 * and the session opened or lifted in one transaction.
 */
@Injectable()
export class VerificationService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionGateway,
    private readonly accounts: AccountDirectory,
    private readonly challenges: ChallengeService,
    private readonly attempts: AttemptsService,
    private readonly events: SecurityEvents,
    private readonly options: TwoFactorOptions,
    private readonly messages: MessageWriter,
    private readonly devices: TrustedDevicesService,
    private readonly secondFactor: SecondFactorPolicy,
  ) {}

  /**
   * Opens the session that a challenge stands for, or lifts the caller's own; writes its headers.
   *
   * @throws {TwoFactorException} the factor's `invalid` or `notEnabled`, INVALID_TWO_FACTOR_COOKIE,
   *   TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE, ACCOUNT_TEMPORARILY_LOCKED, UNAUTHORIZED when the session ended meanwhile
   */
  async verify<Proof>(factor: Factor<Proof>, proof: ProofOfCode): Promise<Verified> {
    const { request } = proof.exchange;
    const device = proof.trustDevice ? this.devices.fresh() : null;
    const { transactional } = this.sessions;
    const issued = await this.prove(factor, proof, transactional, async (proven, transaction) => {
      const opened = await this.openSession(factor, proven, proof, device, transaction);
      await this.notify(proven.guess.accountId, opened.user, proven.spent, proof, transaction);
      if (device) await this.devices.trust(device, proven.guess.accountId, opened.user, request, transaction);
      return opened;
    });
    this.tellVerified(factor, issued.session.userId, issued, request);
    proof.exchange.setHeaders(issued.headers);
    if (device) proof.exchange.setHeaders(this.devices.trusted(device, issued, request));
    if (this.challenges.tokenOf(request.cookies)) proof.exchange.setHeaders(this.challenges.expiredCookie());
    return { ...issued, ...this.devices.inBody(proof.exchange, device?.token.text) };
  }

  /**
   * Spends the factor, and that is all.
   *
   * @throws {TwoFactorException} as `verify`
   */
  async spendOnly<Proof>(factor: Factor<Proof>, proof: ProofOfCode): Promise<UserView> {
    const account = await this.prove(factor, proof, true, async ({ guess, spent }, transaction) => {
      const found = await this.accounts.find(guess.accountId, transaction);
      if (!found) throw new Error('An account with a second factor cannot be found');
      await this.notify(guess.accountId, found, spent, proof, transaction);
      return found;
    });
    const session = proof.caller.kind === 'session' ? proof.caller.session : null;
    this.tellVerified(factor, account.id, session, proof.exchange.request);
    return account.user;
  }

  /** @param together whether what `follow` writes belongs into the transaction that spends the factor */
  private async prove<Proof, T>(
    factor: Factor<Proof>,
    { caller, code, exchange }: ProofOfCode,
    together: boolean,
    follow: (proven: Proven, transaction?: Transaction) => Promise<T>,
  ): Promise<T> {
    const guess = await this.takeGuess(factor, caller);
    const match = factor.match(code, guess);
    if (!match) return this.fail(factor, guess, exchange);
    let written: Written<T | undefined>;
    try {
      written = await this.database.transaction(async (transaction) => {
        const spent = await this.spend(match, guess, caller, transaction);
        return { spent, result: together ? await follow({ guess, match, spent }, transaction) : undefined };
      });
    } catch (error) {
      if (error instanceof ConcurrentUseError) return this.refuseLatecomer(factor, guess, { caller, exchange });
      throw error;
    }
    this.tellSpent(guess, written.spent, exchange);
    return written.result ?? follow({ guess, match, spent: written.spent });
  }

  private async takeGuess<Proof>(factor: Factor<Proof>, caller: Prover): Promise<Guess<Proof>> {
    const [guess] =
      caller.kind === 'challenge'
        ? await this.database.query<Guess<Proof>>(factor.guess.onChallenge, [
            caller.tokenHash,
            this.options.challengeGuesses,
          ])
        : await this.database.query<Guess<Proof>>(factor.guess.onSession, [
            caller.session.accountId,
            caller.session.sessionId,
            caller.session.trustedDeviceId,
          ]);
    switch (guess?.verdict) {
      case 'taken':
        return guess;
      case 'not-enabled':
        throw new TwoFactorException(factor.notEnabled);
      case 'exhausted':
        throw new TwoFactorException('TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
      case 'locked':
        throw locked(guess.lockedFor ?? LONGEST_LOCK_SECONDS);
      case 'in-flight':
        throw locked((await this.attempts.lockIfAbandoned(guess)) ?? nextLockSeconds(guess.locks));
      default:
        throw new TwoFactorException('INVALID_TWO_FACTOR_COOKIE', { bearerError: 'invalid_token' });
    }
  }

  private async spend(
    match: Match,
    { accountId, challengeId, scope }: Guess<unknown>,
    caller: Prover,
    transaction: Transaction,
  ): Promise<Spent> {
    const [spent] = await (caller.kind === 'challenge'
      ? transaction.query<Spent>(match.spend.onChallenge, [[challengeId], ...match.values])
      : transaction.query<Spent>(match.spend.onSession, [
          [accountId, scope, this.secondFactor.isStrong(caller.session)],
          ...match.values,
        ]));
    if (!spent) throw new ConcurrentUseError();
    // In a statement of its own, which sees what those that the first one waited for have written.
    if (spent.replaced) await this.devices.dropAll(accountId, transaction);
    // Where it came in addition, the host knows already.
    else if (spent.enrolled && !spent.added) await this.accounts.recordTwoFactor(accountId, true, transaction);
    return spent;
  }

  private async openSession(
    factor: Factor<unknown>,
    { guess: { accountId, context }, match, spent }: Proven,
    { caller, exchange: { request } }: ProofOfCode,
    device: FreshDevice | null,
    transaction?: Transaction,
  ): Promise<IssuedSession> {
    const proof = {
      secondFactor: factor.name,
      amr: [match.amr ?? 'otp', 'mfa'],
      trustedDeviceId: device?.id ?? null,
      request,
    };
    if (caller.kind === 'challenge') {
      if (caller.replaces) await this.sessions.end(caller.replaces, transaction);
      return this.sessions.issue({ accountId, context, ...proof }, transaction);
    }
    const renewal = { session: caller.session, endOthers: spent.replaced ?? false, ...proof };
    const issued = await this.sessions.renew(renewal, transaction);
    if (!issued) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
    return issued;
  }

  /** Answers a wrong code; its guess stays taken. */
  private async fail(factor: Factor<unknown>, guess: Guess<unknown>, exchange: HttpExchange): Promise<never> {
    const { accountId } = guess;
    this.tell('two-factor.verification-failed', guess, exchange, { factor: factor.name });
    const lockedFor = factor.lockable ? await this.attempts.lockWhenDue(guess) : null;
    if (lockedFor !== null) {
      this.tell('two-factor.locked', guess, exchange, { seconds: lockedFor });
      const account = await this.accounts.find(accountId);
      if (account) {
        const topic = 'verification-locked';
        await this.messages.notify(accountId, account, { topic }, exchange.request, this.database);
      }
    }
    throw new TwoFactorException(factor.invalid);
  }

  /** Answers a right code that came second: to a lock, to a challenge already burnt, or to its own first use. */
  private async refuseLatecomer(
    factor: Factor<unknown>,
    guess: Guess<unknown>,
    { caller, exchange }: Omit<ProofOfCode, 'code'>,
  ): Promise<never> {
    const lockedFor = factor.lockable ? await this.attempts.lockedFor(guess) : null;
    if (lockedFor !== null) throw locked(lockedFor);
    await this.challenges.requireLive(caller);
    return this.fail(factor, guess, exchange);
  }

  /** Tells the owner by mail of what an attacker would rather keep quiet. */
  private async notify(
    accountId: string,
    addressee: Addressee,
    { enrolled, replaced, added, left }: Spent,
    { exchange }: ProofOfCode,
    transaction: Transaction = this.database,
  ): Promise<void> {
    const { request } = exchange;
    if (left !== undefined) {
      await this.messages.notify(accountId, addressee, { topic: 'backup-code-used', left }, request, transaction);
    }
    if (!enrolled) return;
    const topic = replaced ? 'authenticator-replaced' : added ? 'method-added' : 'two-factor-enabled';
    await this.messages.notify(accountId, addressee, { topic }, request, transaction);
  }

  private tellSpent(guess: Guess<unknown>, { enrolled, replaced, added, left }: Spent, exchange: HttpExchange): void {
    if (left !== undefined) this.tell('two-factor.backup-code-used', guess, exchange, { left });
    if (!enrolled) return;
    const change = replaced ? 'authenticator-replaced' : added ? 'method-added' : 'enabled';
    this.tell(`two-factor.${change}`, guess, exchange);
  }

  /** @param session the one that was opened or lifted; with `disableSession` the caller's, if there is one */
  private tellVerified(
    { name: factor }: Factor<unknown>,
    accountId: string,
    session: Pick<SessionIdentity, 'sessionId'> | null,
    request: IncomingRequest,
  ): void {
    this.events.emit({ name: 'two-factor.verified', accountId, ...originOf(request, session), details: { factor } });
  }

  private tell(
    name: SecurityEventName,
    { accountId, sessionId }: Guess<unknown>,
    { request }: HttpExchange,
    details?: SecurityEvent['details'],
  ): void {
    const origin = originOf(request, sessionId === null ? null : { sessionId });
    this.events.emit({ name, accountId, ...origin, ...(details && { details }) });
  }
}

function locked(seconds: number): TwoFactorException {
  return new TwoFactorException('ACCOUNT_TEMPORARILY_LOCKED', { retryAfter: seconds });
}
