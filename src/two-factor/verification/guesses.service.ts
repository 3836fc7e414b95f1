import { Injectable } from '@nestjs/common';
import { AttemptsService } from '../attempts/attempts.service.js';
import { LONGEST_LOCK_SECONDS, nextLockSeconds } from '../attempts/lock-schedule.js';
import type { Prover } from '../challenge/caller.js';
import { queryFor, type CallerStatements } from '../challenge/caller.statements.js';
import { ChallengeService, deadChallenge } from '../challenge/challenge.service.js';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { MessageWriter } from '../messages/message-writer.js';
import { AccountDirectory } from '../ports/account-directory.js';
import type { IncomingRequest } from '../ports/incoming-request.js';
import { originOf, SecurityEvents } from '../ports/security-events.js';
import { Database } from '../postgres/database.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { guessStatements, type Guess } from './guess.js';

/**
 * The budget side of a verification: takes a guess before the attempt is looked at, and answers for a wrong one.
 */
@Injectable()
export class GuessesService {
  private readonly statements: ReadonlyMap<string, CallerStatements<Guess>>;

  constructor(
    private readonly database: Database,
    private readonly attempts: AttemptsService,
    private readonly challenges: ChallengeService,
    private readonly accounts: AccountDirectory,
    private readonly messages: MessageWriter,
    private readonly events: SecurityEvents,
    private readonly options: TwoFactorOptions,
    registry: FactorRegistry,
  ) {
    this.statements = new Map(registry.plugins.map((plugin) => [plugin.name, guessStatements(plugin)]));
  }

  /**
   * @returns the guess, which is taken: it counts whatever happens next
   * @throws {TwoFactorException} the factor's `notEnabled`, INVALID_TWO_FACTOR_COOKIE, TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE,
   *   ACCOUNT_TEMPORARILY_LOCKED
   */
  async take(plugin: FactorPlugin, caller: Prover): Promise<Guess> {
    const statements = this.statements.get(plugin.name);
    if (!statements) throw new Error(`No statement takes guesses at "${plugin.name}"`);
    const [taken] = await queryFor(this.database, statements, caller, this.options.challengeGuesses, {});
    switch (taken?.verdict) {
      case 'taken':
        return taken;
      case 'not-enabled':
        throw new TwoFactorException(plugin.errors.notEnabled);
      case 'exhausted':
        throw new TwoFactorException('TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
      case 'locked':
        throw locked(taken.lockedFor ?? LONGEST_LOCK_SECONDS);
      case 'in-flight':
        throw locked((await this.attempts.lockIfAbandoned(taken)) ?? nextLockSeconds(taken.locks));
      default:
        throw deadChallenge();
    }
  }

  /**
   * Answers a wrong attempt; its guess stays taken.
   *
   * @throws {TwoFactorException} the factor's `invalid`, always
   */
  async fail({ name, lockable, errors }: FactorPlugin, guess: Guess, request: IncomingRequest): Promise<never> {
    const { accountId, sessionId } = guess;
    const origin = originOf(request, sessionId === null ? null : { sessionId });
    this.events.emit({ name: 'two-factor.verification-failed', accountId, ...origin, details: { factor: name } });
    const seconds = lockable ? await this.attempts.lockWhenDue(guess) : null;
    if (seconds !== null) {
      this.events.emit({ name: 'two-factor.locked', accountId, ...origin, details: { seconds } });
      const account = await this.accounts.find(accountId);
      const topic = 'verification-locked';
      if (account) await this.messages.notify(accountId, account, { topic }, request, this.database);
    }
    throw new TwoFactorException(errors.invalid);
  }

  /**
   * Answers a right attempt that came second: to a lock, to a challenge that is burnt already, or to its own first use.
   *
   * @throws {TwoFactorException} always
   */
  async refuseLatecomer(plugin: FactorPlugin, guess: Guess, caller: Prover, request: IncomingRequest): Promise<never> {
    const lockedFor = plugin.lockable ? await this.attempts.lockedFor(guess) : null;
    if (lockedFor !== null) throw locked(lockedFor);
    await this.challenges.requireLive(caller);
    return this.fail(plugin, guess, request);
  }
}

function locked(seconds: number): TwoFactorException {
  return new TwoFactorException('ACCOUNT_TEMPORARILY_LOCKED', { retryAfter: seconds });
}
