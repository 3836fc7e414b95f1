import { Injectable } from '@nestjs/common';
import type { Prover } from '../challenge/caller.js';
import { ChallengeService } from '../challenge/challenge.service.js';
import type { Factor, Match, Spent } from '../factor/factor.js';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { MessageWriter, type Addressee } from '../messages/message-writer.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import { AccountDirectory, type UserView } from '../ports/account-directory.js';
import type { HeaderLines, IncomingRequest } from '../ports/incoming-request.js';
import type { NoticeTopic } from '../ports/message-templates.js';
import { originOf, SecurityEvents, type SecurityEvent, type SecurityEventName } from '../ports/security-events.js';
import { SessionGateway, type IssuedSession, type SessionIdentity } from '../ports/session-gateway.js';
import { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';
import { TrustedDevicesService, type FreshDevice } from '../trusted-devices/trusted-devices.service.js';
import { TwoFactorException } from '../two-factor.errors.js';
import type { Guess } from './guess.js';
import { GuessesService } from './guesses.service.js';
import { spendStatements, type SpendStatements } from './spend.js';

/** An attempt to prove a factor, and who makes it. */
export interface VerificationAttempt<Attempt = string> {
  readonly caller: Prover;
  readonly attempt: Attempt;
  readonly request: IncomingRequest;
  /** Whether to trust the device that the attempt came from. */
  readonly trustDevice?: boolean | undefined;
}

/** A session opened or lifted by a second factor. */
export interface Verified {
  readonly issued: IssuedSession;
  /** Token of the device that is trusted from now on, for callers without cookies; undefined for none. */
  readonly trustedDeviceToken: string | undefined;
  /** Header lines for the answer. */
  readonly headers: HeaderLines;
}

/** A right attempt, and the guess that it was. */
interface Right {
  readonly plugin: FactorPlugin;
  readonly guess: Guess;
  readonly match: Match;
}

/** A right attempt whose factor is spent. */
interface Proven extends Right {
  readonly spent: Spent;
  /** Events and mails about it. */
  readonly announcements: readonly Announcement[];
}

interface Announcement {
  readonly event: SecurityEventName;
  readonly topic: NoticeTopic;
  readonly left?: number;
}

/** A parallel request was faster: the code, the challenge or the lock is not what it was. */
class ConcurrentUseError extends Error {}

/**
 * The path of every verification: a guess is taken, the attempt is checked in memory, the factor is spent and the session
 * opened or lifted in one transaction. A factor is asked and never calls back.
 */
@Injectable()
export class VerificationService {
  private readonly statements: ReadonlyMap<string, SpendStatements>;

  constructor(
    private readonly database: Database,
    private readonly sessions: SessionGateway,
    private readonly accounts: AccountDirectory,
    private readonly challenges: ChallengeService,
    private readonly guesses: GuessesService,
    private readonly events: SecurityEvents,
    private readonly messages: MessageWriter,
    private readonly devices: TrustedDevicesService,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly registry: FactorRegistry,
  ) {
    this.statements = new Map(registry.plugins.map((plugin) => [plugin.name, spendStatements(plugin, registry)]));
  }

  /**
   * Opens the session that a challenge stands for, or lifts the caller's own; confirms what the session staged, where the
   * attempt proves that.
   *
   * @throws {TwoFactorException} the factor's `invalid` or `notEnabled`, or why it is unavailable; INVALID_TWO_FACTOR_COOKIE,
   *   TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE, ACCOUNT_TEMPORARILY_LOCKED, UNAUTHORIZED when the session ended meanwhile
   */
  async verify<Attempt>(factor: Factor<Attempt, never>, attempt: VerificationAttempt<Attempt>): Promise<Verified> {
    const { caller, request } = attempt;
    const device = attempt.trustDevice ? this.devices.fresh() : null;
    const issued = await this.prove(factor, attempt, this.sessions.transactional, async (proven, transaction) => {
      const opened = await this.openSession(proven, caller, request, device, transaction);
      await this.notify(proven, opened.user, request, transaction);
      if (device) await this.devices.trust(device, proven.guess.accountId, opened.user, request, transaction);
      return opened;
    });
    this.tellVerified(factor.name, issued.session.userId, issued, request);
    return {
      issued,
      trustedDeviceToken: device?.token.text,
      headers: [
        ...issued.headers,
        ...(device ? this.devices.trusted(device, issued, request) : []),
        ...(this.challenges.tokenOf(request.cookies) ? this.challenges.expiredCookie() : []),
      ],
    };
  }

  /**
   * Spends the factor and opens no session.
   *
   * @throws {TwoFactorException} as `verify`
   */
  async spendOnly<Attempt>(factor: Factor<Attempt, never>, attempt: VerificationAttempt<Attempt>): Promise<UserView> {
    const { caller, request } = attempt;
    const account = await this.prove(factor, attempt, true, async (proven, transaction) => {
      const found = await this.accounts.find(proven.guess.accountId, transaction);
      if (!found) throw new Error('An account with a second factor cannot be found');
      await this.notify(proven, found, request, transaction);
      return found;
    });
    this.tellVerified(factor.name, account.id, caller.kind === 'session' ? caller.session : null, request);
    return account.user;
  }

  /**
   * @param together whether what `follow` writes belongs to the transaction that spends the factor; it runs after the commit
   *   otherwise
   */
  private async prove<Attempt, T>(
    factor: Factor<Attempt, never>,
    { caller, attempt, request }: VerificationAttempt<Attempt>,
    together: boolean,
    follow: (proven: Proven, transaction?: Transaction) => Promise<T>,
  ): Promise<T> {
    const plugin = this.registry.of(factor.name);
    const unavailable = factor.unavailable();
    if (unavailable) {
      await this.challenges.requireLive(caller);
      throw new TwoFactorException(unavailable);
    }
    const guess = await this.guesses.take(plugin, caller);
    // The candidates are what the factor's own SQL selected.
    const match = await factor.match(attempt, guess as Guess<never>);
    if (!match) return this.guesses.fail(plugin, guess, request);
    const right: Right = { plugin, guess, match };
    let written: { readonly proven: Proven; readonly result: T | undefined };
    try {
      written = await this.database.transaction(async (transaction) => {
        const spent = await this.spend(right, caller, transaction);
        const proven = { ...right, spent, announcements: announcementsOf(factor, spent) };
        return { proven, result: together ? await follow(proven, transaction) : undefined };
      });
    } catch (error) {
      if (error instanceof ConcurrentUseError) return this.guesses.refuseLatecomer(plugin, guess, caller, request);
      throw error;
    }
    this.tellSpent(written.proven, request);
    return written.result ?? follow(written.proven);
  }

  private async spend({ plugin, guess, match }: Right, caller: Prover, transaction: Transaction): Promise<Spent> {
    const { accountId, challengeId, scope } = guess;
    const statements = this.statements.get(plugin.name);
    if (!statements) throw new Error(`No statement spends "${plugin.name}"`);
    const { values, confirms } = match;
    let rows: Spent[];
    if (challengeId !== null) {
      // A plug-in whose candidates show a staged row to a challenge must not open a session with it: the password alone
      // can stage one.
      if (confirms !== undefined) throw new RangeError(`Factor "${plugin.name}" matched a staged row on a challenge`);
      rows = await transaction.query(statements.onChallenge, { ...values, challengeId });
    } else if (confirms !== undefined && statements.confirm && caller.kind === 'session') {
      const { sessionId } = caller.session;
      const strong = this.secondFactor.isStrong(caller.session);
      const confirmation = { accountId, scope, stagedId: confirms, sessionId, strong };
      rows = await transaction.query(statements.confirm, { ...values, ...confirmation });
    } else {
      rows = await transaction.query(statements.onSession, { ...values, accountId, scope });
    }
    const [spent] = rows;
    if (!spent) throw new ConcurrentUseError();
    // In a statement of its own, which sees what those that the first one waited for have written.
    if (spent.replaced) await this.devices.dropAll(accountId, transaction);
    // Where it came in addition, the host knows already.
    else if (spent.enrolled && !spent.added) await this.accounts.recordTwoFactor(accountId, true, transaction);
    return spent;
  }

  private async openSession(
    { plugin, guess: { accountId, context }, match, spent }: Proven,
    caller: Prover,
    request: IncomingRequest,
    device: FreshDevice | null,
    transaction?: Transaction,
  ): Promise<IssuedSession> {
    const evidence = {
      secondFactor: plugin.name,
      amr: [...(match.amr ?? ['otp']), 'mfa'],
      trustedDeviceId: device?.id ?? null,
      request,
    };
    if (caller.kind === 'challenge') {
      if (caller.replaces) await this.sessions.end(caller.replaces, transaction);
      return this.sessions.issue({ accountId, context, ...evidence }, transaction);
    }
    const renewal = { session: caller.session, endOthers: spent.replaced ?? false, ...evidence };
    const issued = await this.sessions.renew(renewal, transaction);
    if (!issued) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
    return issued;
  }

  /** Tells the owner by mail of what an attacker would rather keep quiet. */
  private async notify(
    { guess, announcements }: Proven,
    addressee: Addressee,
    request: IncomingRequest,
    transaction: Transaction = this.database,
  ): Promise<void> {
    for (const { topic, left } of announcements) {
      const subject = { topic, ...(left !== undefined && { left }) };
      await this.messages.notify(guess.accountId, addressee, subject, request, transaction);
    }
  }

  private tellSpent({ guess: { accountId, sessionId }, announcements }: Proven, request: IncomingRequest): void {
    const origin = originOf(request, sessionId === null ? null : { sessionId });
    for (const { event, left } of announcements) {
      const details: SecurityEvent['details'] = left === undefined ? undefined : { left };
      this.events.emit({ name: event, accountId, ...origin, ...(details && { details }) });
    }
  }

  /** @param session the one that was opened or lifted; the caller's where none was, if there is one */
  private tellVerified(
    factor: string,
    accountId: string,
    session: Pick<SessionIdentity, 'sessionId'> | null,
    request: IncomingRequest,
  ): void {
    this.events.emit({ name: 'two-factor.verified', accountId, ...originOf(request, session), details: { factor } });
  }
}

function announcementsOf(factor: Factor<never, never>, spent: Spent): readonly Announcement[] {
  const use = factor.useNotice(spent);
  const { enrolled, replaced, added } = spent;
  if (!enrolled) return use ? [use] : [];
  const change = replaced ? 'authenticator-replaced' : added ? 'method-added' : 'two-factor-enabled';
  const event = change === 'two-factor-enabled' ? 'two-factor.enabled' : (`two-factor.${change}` as const);
  return [...(use ? [use] : []), { event, topic: change }];
}
