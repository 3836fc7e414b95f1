import { Injectable } from '@nestjs/common';
import { AttemptsService } from '../attempts/attempts.service.js';
import { LONGEST_LOCK_SECONDS, nextLockSeconds } from '../attempts/lock-schedule.js';
import type { AnonymousCaller, Prover } from '../challenge/caller.js';
import { queryFor, type CallerStatements } from '../challenge/caller.statements.js';
import { ChallengeService, deadChallenge } from '../challenge/challenge.service.js';
import { EventLog } from '../events/event-log.js';
import type { Refusal } from '../factor/factor.js';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { MessageWriter } from '../messages/message-writer.js';
import { AccountDirectory } from '../ports/account-directory.js';
import type { IncomingRequest } from '../ports/incoming-request.js';
import { originOf } from '../ports/security-events.js';
import { Database } from '../postgres/database.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { statement, type Statement } from '../postgres/statement.js';
import type { Transaction } from '../postgres/transaction.js';
import { guessStatements, type Guess } from './guess.js';

/** Values by the names that stand in a factor's SQL. */
type Values = Readonly<Record<string, unknown>>;

/**
 * The budget side of a verification: takes a guess before the attempt is looked at, and answers for a wrong one.
 */
@Injectable()
export class GuessesService {
  private readonly statements: ReadonlyMap<string, CallerStatements<Guess, Values>>;
  private readonly suspicions: ReadonlyMap<string, Statement<object, Values>>;

  constructor(
    private readonly database: Database,
    private readonly attempts: AttemptsService,
    private readonly challenges: ChallengeService,
    private readonly accounts: AccountDirectory,
    private readonly messages: MessageWriter,
    private readonly events: EventLog,
    private readonly options: TwoFactorOptions,
    registry: FactorRegistry,
  ) {
    this.statements = new Map(registry.plugins.map((plugin) => [plugin.name, guessStatements(plugin)]));
    this.suspicions = new Map(
      registry.plugins.flatMap(({ name, suspect }) =>
        suspect === undefined ? [] : [[name, statement(`suspect_${name.replaceAll('-', '_')}`, suspect)]],
      ),
    );
  }

  /**
   * @param presented see `Factor.presents`
   * @returns the guess, which is taken: it counts whatever happens next
   * @throws {TwoFactorException} the factor's `notEnabled` or `unknown`, INVALID_TWO_FACTOR_COOKIE,
   *   TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE, ACCOUNT_TEMPORARILY_LOCKED
   */
  async take(plugin: FactorPlugin, caller: Prover | AnonymousCaller, presented: Values): Promise<Guess> {
    const statements = this.statements.get(plugin.name);
    if (!statements) throw new Error(`No statement takes guesses at "${plugin.name}"`);
    const [taken] = await queryFor(this.database, statements, caller, this.options.challengeGuesses, presented);
    switch (taken?.verdict) {
      case 'taken':
        return taken;
      case 'not-enabled':
        throw new TwoFactorException(plugin.errors.notEnabled);
      case 'unknown':
        throw new TwoFactorException(plugin.errors.unknown ?? plugin.errors.invalid);
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
   * @throws {TwoFactorException} the error of the refusal, or else the factor's `invalid`, always
   */
  async fail(plugin: FactorPlugin, guess: Guess, request: IncomingRequest, refusal?: Refusal): Promise<never> {
    const { name, lockable, errors } = plugin;
    const { accountId, sessionId } = guess;
    const origin = originOf(request, sessionId === null ? null : { sessionId });
    const failed = { name: 'two-factor.verification-failed', accountId, ...origin, details: { factor: name } } as const;
    await this.events.writing(async (transaction) => {
      await this.events.tell(failed, transaction);
      const seconds = lockable ? await this.attempts.lockWhenDue(guess, transaction) : null;
      if (seconds === null) return;
      await this.events.tell({ name: 'two-factor.locked', accountId, ...origin, details: { seconds } }, transaction);
      const account = await this.accounts.find(accountId, transaction);
      const topic = 'verification-locked';
      if (account) await this.messages.notify(accountId, account, { topic }, request, transaction);
    });
    if (refusal?.alarm) await this.raise(plugin, guess, request, refusal.alarm);
    throw new TwoFactorException(refusal?.error ?? errors.invalid);
  }

  /** Writes a suspicion down and tells the owner and the log, all or nothing. */
  private async raise(
    plugin: FactorPlugin,
    { accountId, sessionId }: Guess,
    request: IncomingRequest,
    { event, topic, values }: NonNullable<Refusal['alarm']>,
  ): Promise<void> {
    const suspicion = this.suspicions.get(plugin.name);
    const origin = originOf(request, sessionId === null ? null : { sessionId });
    await this.database.transaction(async (transaction: Transaction) => {
      if (suspicion) await transaction.query(suspicion, { ...values, accountId });
      await this.events.tell({ name: event, accountId, ...origin, details: { factor: plugin.name } }, transaction);
      const account = await this.accounts.find(accountId, transaction);
      if (account) await this.messages.notify(accountId, account, { topic }, request, transaction);
    });
  }

  /**
   * Answers a right attempt that came second: to a lock, to a challenge that is burnt already, or to its own first use.
   *
   * @throws {TwoFactorException} always
   */
  async refuseLatecomer(
    plugin: FactorPlugin,
    guess: Guess,
    caller: Prover | AnonymousCaller,
    request: IncomingRequest,
  ): Promise<never> {
    const lockedFor = plugin.lockable ? await this.attempts.lockedFor(guess) : null;
    if (lockedFor !== null) throw locked(lockedFor);
    await this.challenges.requireLive(caller);
    return this.fail(plugin, guess, request);
  }
}

function locked(seconds: number): TwoFactorException {
  return new TwoFactorException('ACCOUNT_TEMPORARILY_LOCKED', { retryAfter: seconds });
}
