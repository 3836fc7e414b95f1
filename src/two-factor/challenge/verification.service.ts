import { Injectable } from '@nestjs/common';
import { AttemptsService } from '../attempts/attempts.service.js';
import type { Guess } from '../attempts/guess.js';
import { LONGEST_LOCK_SECONDS, nextLockSeconds } from '../attempts/lock-schedule.js';
import type { ChallengeCaller, SessionCaller } from '../credentials/caller.js';
import type { HttpExchange } from '../credentials/http-exchange.js';
import { MessageWriter, type Addressee } from '../messages/message-writer.js';
import { AccountDirectory, type UserView } from '../ports/account-directory.js';
import { SecurityEvents } from '../ports/security-events.js';
import { SessionGateway, type IssuedSession } from '../ports/session-gateway.js';
import type { Transaction } from '../ports/transaction.js';
import { Database } from '../postgres/database.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { ChallengeService } from './challenge.service.js';
import type { Factor, Match, Spent } from './factor.js';

/** Somebody who may prove a second factor. */
export type Prover = SessionCaller | ChallengeCaller;

/** A code, and who offers it. */
export interface ProofOfCode {
  readonly caller: Prover;
  readonly code: string;
  readonly exchange: HttpExchange;
}

/** A factor was spent, and what was written along with it. */
interface Written<T> {
  readonly spent: Spent;
  readonly result: T;
}

/** Somebody else was faster: the code, the challenge or the lock is not what it was. */
class Overtaken extends Error {}

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
  ) {}

  /**
   * Opens the session that a challenge stands for, or lifts the caller's own; writes its headers.
   *
   * @throws {TwoFactorException} the factor's `invalid` or `notEnabled`, INVALID_TWO_FACTOR_COOKIE,
   *   TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE, ACCOUNT_TEMPORARILY_LOCKED, UNAUTHORIZED when the session ended meanwhile
   */
  async verify<Proof>(factor: Factor<Proof>, proof: ProofOfCode): Promise<IssuedSession> {
    const { exchange } = proof;
    const issued = await this.prove(factor, proof, this.sessions.transactional, async (guess, spent, transaction) => {
      const opened = await this.openSession(factor, guess, spent, proof, transaction);
      await this.notify(opened.user, spent, proof, transaction);
      return opened;
    });
    exchange.setHeaders(issued.headers);
    if (this.challenges.tokenOf(exchange.request.cookies)) exchange.setHeaders(this.challenges.expiredCookie());
    return issued;
  }

  /**
   * Spends the factor, and that is all.
   *
   * @throws {TwoFactorException} as `verify`
   */
  async spendOnly<Proof>(factor: Factor<Proof>, proof: ProofOfCode): Promise<UserView> {
    return this.prove(factor, proof, true, async ({ accountId }, spent, transaction) => {
      const account = await this.accounts.find(accountId, transaction);
      if (!account) throw new Error('An account with a second factor cannot be found');
      await this.notify(account, spent, proof, transaction);
      return account.user;
    });
  }

  /** @param together whether what `follow` writes belongs into the transaction that spends the factor */
  private async prove<Proof, T>(
    factor: Factor<Proof>,
    { caller, code, exchange }: ProofOfCode,
    together: boolean,
    follow: (guess: Guess<Proof>, spent: Spent, transaction?: Transaction) => Promise<T>,
  ): Promise<T> {
    const guess = await this.takeGuess(factor, caller);
    const match = factor.match(code, guess);
    if (!match) return this.fail(factor, guess, exchange);
    let written: Written<T | undefined>;
    try {
      written = await this.database.transaction(async (transaction) => {
        const spent = await this.spend(match, guess, transaction);
        return { spent, result: together ? await follow(guess, spent, transaction) : undefined };
      });
    } catch (error) {
      if (error instanceof Overtaken) return this.refuseLatecomer(factor, guess, { caller, exchange });
      throw error;
    }
    this.tellSpent(guess.accountId, written.spent);
    const result = written.result ?? (await follow(guess, written.spent));
    this.events.emit({ name: 'two-factor.verified', accountId: guess.accountId, details: { factor: factor.name } });
    return result;
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
        throw locked((await this.attempts.lockIfAbandoned(guess.accountId)) ?? nextLockSeconds(guess.locks));
      default:
        throw new TwoFactorException('INVALID_TWO_FACTOR_COOKIE', { bearerError: 'invalid_token' });
    }
  }

  private async spend(match: Match, guess: Guess<unknown>, transaction: Transaction): Promise<Spent> {
    const statement = guess.challengeId === null ? match.spend.onSession : match.spend.onChallenge;
    const values = [guess.challengeId ?? guess.accountId, ...match.values];
    const [spent] = await transaction.query<Spent>(statement, values);
    if (!spent) throw new Overtaken();
    if (spent.enrolled) await this.accounts.recordTwoFactor(guess.accountId, true, transaction);
    return spent;
  }

  private async openSession(
    factor: Factor<unknown>,
    { accountId, context }: Guess<unknown>,
    { replaced = false }: Spent,
    { caller, exchange: { request } }: ProofOfCode,
    transaction?: Transaction,
  ): Promise<IssuedSession> {
    const secondFactor = factor.name;
    if (caller.kind === 'challenge') {
      if (caller.replaces) await this.sessions.end(caller.replaces, transaction);
      return this.sessions.issue({ accountId, secondFactor, context, request }, transaction);
    }
    const renewal = { session: caller.session, secondFactor, endOthers: replaced, request };
    const issued = await this.sessions.renew(renewal, transaction);
    if (!issued) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
    return issued;
  }

  /** Answers a wrong code; its guess stays taken. */
  private async fail(factor: Factor<unknown>, guess: Guess<unknown>, exchange: HttpExchange): Promise<never> {
    const { accountId } = guess;
    this.events.emit({ name: 'two-factor.verification-failed', accountId, details: { factor: factor.name } });
    const lockedFor = factor.lockable ? await this.attempts.lockWhenDue(guess) : null;
    if (lockedFor !== null) {
      this.events.emit({ name: 'two-factor.locked', accountId, details: { seconds: lockedFor } });
      const account = await this.accounts.find(accountId);
      if (account) {
        await this.messages.notify(account, { topic: 'verification-locked' }, exchange.request, this.database);
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
    const lockedFor = factor.lockable ? await this.attempts.lockedFor(guess.accountId) : null;
    if (lockedFor !== null) throw locked(lockedFor);
    await this.challenges.requireLive(caller);
    return this.fail(factor, guess, exchange);
  }

  /** Tells the owner by mail of what an attacker would rather keep quiet. */
  private async notify(
    addressee: Addressee,
    { enrolled, replaced, added, left }: Spent,
    { exchange }: ProofOfCode,
    transaction: Transaction = this.database,
  ): Promise<void> {
    const { request } = exchange;
    if (left !== undefined) {
      await this.messages.notify(addressee, { topic: 'backup-code-used', left }, request, transaction);
    }
    if (!enrolled) return;
    const topic = replaced ? 'authenticator-replaced' : added ? 'method-added' : 'two-factor-enabled';
    await this.messages.notify(addressee, { topic }, request, transaction);
  }

  private tellSpent(accountId: string, { enrolled, replaced, added, left }: Spent): void {
    if (left !== undefined) this.events.emit({ name: 'two-factor.backup-code-used', accountId, details: { left } });
    if (!enrolled) return;
    const change = replaced ? 'authenticator-replaced' : added ? 'method-added' : 'enabled';
    this.events.emit({ name: `two-factor.${change}`, accountId });
  }
}

function locked(seconds: number): TwoFactorException {
  return new TwoFactorException('ACCOUNT_TEMPORARILY_LOCKED', { retryAfter: seconds });
}
