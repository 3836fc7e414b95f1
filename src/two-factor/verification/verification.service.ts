import { Injectable } from '@nestjs/common';
import type { AnonymousCaller, Prover } from '../challenge/caller.js';
import { ChallengeService } from '../challenge/challenge.service.js';
import type { Factor, Match, Refusal, Spent } from '../factor/factor.js';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import { EventLog } from '../events/event-log.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { MessageWriter, type Addressee } from '../messages/message-writer.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import { AccountDirectory, type UserView } from '../ports/account-directory.js';
import type { HeaderLines, IncomingRequest } from '../ports/incoming-request.js';
import type { NoticeTopic } from '../ports/message-templates.js';
import { originOf, type SecurityEvent, type SecurityEventName } from '../ports/security-events.js';
import { SessionGateway, type IssuedSession, type SessionIdentity } from '../ports/session-gateway.js';
import { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';
import {
  TrustedDevicesService,
  type DeviceTrust,
  type FreshDevice,
} from '../trusted-devices/trusted-devices.service.js';
import { TwoFactorException } from '../two-factor.errors.js';
import type { Guess } from './guess.js';
import { GuessesService } from './guesses.service.js';
import { spendStatements, type SpendStatements } from './spend.js';

/** An attempt to prove a factor, and who makes it. */
export interface VerificationAttempt<Attempt = string> {
  /** Without credential only for a factor that signs in on its own: see `FactorPlugin.alone`. */
  readonly caller: Prover | AnonymousCaller;
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
    private readonly events: EventLog,
    private readonly messages: MessageWriter,
    private readonly devices: TrustedDevicesService,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly registry: FactorRegistry,
  ) {
    this.statements = new Map(registry.plugins.map((plugin) => [plugin.name, spendStatements(plugin, registry)]));
  }

  /**
   * Opens the session that a challenge stands for, or lifts the caller's own; confirms what the session staged, where the
   * attempt proves that. A caller without credential gets a new session, by a factor that signs in on its own.
   *
   * @throws {TwoFactorException} the factor's `invalid`, `notEnabled` or `unknown`, or why it is unavailable; INVALID_TWO_FACTOR_COOKIE,
   *   TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE, ACCOUNT_TEMPORARILY_LOCKED, UNAUTHORIZED when the session ended meanwhile
   */
  async verify<Attempt>(factor: Factor<Attempt, never>, attempt: VerificationAttempt<Attempt>): Promise<Verified> {
    const { caller, request } = attempt;
    const device = attempt.trustDevice ? this.devices.fresh() : null;
    const issued = await this.prove(factor, attempt, this.sessions.transactional, async (proven, transaction) => {
      const opened = await this.openSession(proven, caller, request, device, transaction);
      await this.notify(proven, opened.user, request, transaction);
      if (device) await this.devices.trust(device, trustOf(proven, opened.user), request, transaction);
      await this.tellVerified(factor.name, opened.session.userId, opened, request, transaction);
      if (device) await this.devices.tellTrusted(opened, request, transaction);
      return opened;
    });
    return {
      issued,
      trustedDeviceToken: device?.token.text,
      headers: [
        ...issued.headers,
        ...(device ? this.devices.handOver(device) : []),
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
      const session = caller.kind === 'session' ? caller.session : null;
      await this.tellVerified(factor.name, found.id, session, request, transaction);
      return found;
    });
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
    const guess = await this.guesses.take(plugin, caller, factor.presents(attempt));
    // The candidates are what the factor's own SQL selected.
    const match = await factor.match(attempt, guess as Guess<never>);
    if (!match) return this.guesses.fail(plugin, guess, request);
    if (isRefusal(match)) return this.guesses.fail(plugin, guess, request, match);
    const right: Right = { plugin, guess, match };
    let written: { readonly proven: Proven; readonly result: T | undefined };
    try {
      written = await this.database.transaction(async (transaction) => {
        const spent = await this.spend(right, caller, transaction);
        const proven = { ...right, spent, announcements: announcementsOf(factor, spent) };
        await this.tellSpent(proven, request, transaction);
        return { proven, result: together ? await follow(proven, transaction) : undefined };
      });
    } catch (error) {
      if (error instanceof ConcurrentUseError) return this.guesses.refuseLatecomer(plugin, guess, caller, request);
      throw error;
    }
    return written.result ?? follow(written.proven);
  }

  private async spend(
    { plugin, guess, match }: Right,
    caller: Prover | AnonymousCaller,
    transaction: Transaction,
  ): Promise<Spent> {
    const { accountId, challengeId, scope } = guess;
    const statements = this.statements.get(plugin.name);
    if (!statements) throw new Error(`No statement spends "${plugin.name}"`);
    const { values, confirms } = match;
    let rows: Spent[];
    // A plug-in whose candidates show a staged row to a challenge must not open a session with it: the password alone
    // can stage one.
    if (confirms !== undefined && caller.kind !== 'session') {
      throw new RangeError(`Factor "${plugin.name}" matched a staged row without a session`);
    }
    if (challengeId !== null) {
      rows = await transaction.query(statements.onChallenge, { ...values, challengeId });
    } else if (confirms !== undefined && statements.confirm && caller.kind === 'session') {
      const { sessionId } = caller.session;
      await this.requireRoom(plugin, statements, accountId, transaction);
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

  /** @throws {TwoFactorException} the error of the factor's limit, when the account has as many as it may have */
  private async requireRoom(
    { enrolment }: FactorPlugin,
    { room }: SpendStatements,
    accountId: string,
    transaction: Transaction,
  ): Promise<void> {
    if (!enrolment?.limit || !room) return;
    await transaction.query(room.hold, { accountId });
    const [counted] = await transaction.query(room.count, { accountId });
    if ((counted?.rows ?? 0) >= enrolment.limit.most) throw new TwoFactorException(enrolment.limit.error);
  }

  private async openSession(
    { plugin, guess: { accountId, context }, match, spent }: Proven,
    caller: Prover | AnonymousCaller,
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
    if (caller.kind === 'anonymous') {
      return this.sessions.issue({ accountId, context, alone: true, ...evidence }, transaction);
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

  private async tellSpent(
    { guess: { accountId, sessionId }, announcements }: Proven,
    request: IncomingRequest,
    transaction: Transaction,
  ): Promise<void> {
    const origin = originOf(request, sessionId === null ? null : { sessionId });
    for (const { event, left } of announcements) {
      const details: SecurityEvent['details'] = left === undefined ? undefined : { left };
      await this.events.tell({ name: event, accountId, ...origin, ...(details && { details }) }, transaction);
    }
  }

  /** @param session the one that was opened or lifted; the caller's where none was, if there is one */
  private async tellVerified(
    factor: string,
    accountId: string,
    session: Pick<SessionIdentity, 'sessionId'> | null,
    request: IncomingRequest,
    transaction: Transaction = this.database,
  ): Promise<void> {
    const origin = originOf(request, session);
    await this.events.tell({ name: 'two-factor.verified', accountId, ...origin, details: { factor } }, transaction);
  }
}

function trustOf({ guess: { accountId }, match }: Proven, owner: Addressee): DeviceTrust {
  return { accountId, owner, restsOn: match.proves ?? match.confirms ?? null };
}

function isRefusal(outcome: Match | Refusal): outcome is Refusal {
  return 'refused' in outcome;
}

function announcementsOf(factor: Factor<never, never>, spent: Spent): readonly Announcement[] {
  const use = factor.useNotice(spent);
  const { enrolled, replaced, added } = spent;
  if (!enrolled) return use ? [use] : [];
  const change = replaced ? 'authenticator-replaced' : added ? 'method-added' : 'two-factor-enabled';
  const event = change === 'two-factor-enabled' ? 'two-factor.enabled' : (`two-factor.${change}` as const);
  return [...(use ? [use] : []), { event, topic: change }];
}
