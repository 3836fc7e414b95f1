import { Injectable } from '@nestjs/common';
import { ChallengeService } from '../challenge/challenge.service.js';
import { EventLog } from '../events/event-log.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { MessageWriter } from '../messages/message-writer.js';
import type { Told } from '../messages/notices.statements.js';
import { SessionHold } from '../policy/session-hold.js';
import { AccountDirectory } from '../ports/account-directory.js';
import type { IncomingRequest } from '../ports/incoming-request.js';
import { originOf } from '../ports/security-events.js';
import { SessionGateway, type IssuedSession, type SessionIdentity } from '../ports/session-gateway.js';
import { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { disable, disableAndTell } from './enrolment.statements.js';
import { Reauthentication } from './reauthentication.js';

/** Turns two-factor off. */
@Injectable()
export class DisableService {
  private readonly disable: ReturnType<typeof disable>;
  private readonly disableAndTell: ReturnType<typeof disableAndTell> | null;

  constructor(
    private readonly database: Database,
    private readonly reauthentication: Reauthentication,
    private readonly challenges: ChallengeService,
    private readonly accounts: AccountDirectory,
    private readonly sessions: SessionGateway,
    private readonly hold: SessionHold,
    private readonly messages: MessageWriter,
    private readonly events: EventLog,
    registry: FactorRegistry,
  ) {
    this.disable = disable(registry);
    this.disableAndTell = messages.noticeSql && disableAndTell(registry, messages.noticeSql);
  }

  /**
   * Turns two-factor off and ends all other sessions. The session gets a new token; that it once proved a second factor
   * stays recorded.
   *
   * @returns the session; its headers belong to the answer
   * @throws {TwoFactorException} TWO_FACTOR_NOT_ENABLED, SECOND_FACTOR_REQUIRED, INVALID_PASSWORD, TOO_MANY_REQUESTS,
   *   UNAUTHORIZED when the session ended meanwhile
   */
  async turnOff(session: SessionIdentity, password: string, request: IncomingRequest): Promise<IssuedSession> {
    const { accountId } = session;
    await this.reauthentication.requireEnabled(session, password, request);
    const renewal = { session, secondFactor: null, amr: [], trustedDeviceId: null, endOthers: true, request };
    const renewed = await this.database.transaction(async (transaction) => {
      await this.challenges.burnAll(accountId, transaction);
      await this.drop(accountId, request, transaction);
      await this.events.tell({ name: 'two-factor.disabled', accountId, ...originOf(request, session) }, transaction);
      // Elsewhere the session gets its token after the commit; whether it is still there must be known before.
      if (!this.sessions.transactional) await this.hold.live(session, transaction);
      return this.sessions.transactional ? this.renew(renewal, transaction) : null;
    });
    return renewed ?? this.renew(renewal);
  }

  private async drop(accountId: string, request: IncomingRequest, transaction: Transaction): Promise<void> {
    const account = await this.accounts.recordTwoFactor(accountId, false, transaction);
    const notice = account && this.messages.notice(account, { topic: 'two-factor-disabled' }, request);
    const wasOn: ReadonlyArray<Partial<Told>> =
      notice && this.disableAndTell
        ? await transaction.query(this.disableAndTell, { accountId, ...notice })
        : await transaction.query(this.disable, { accountId });
    if (wasOn[0]?.told) this.messages.queued(transaction);
    if (wasOn.length === 0) throw new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
  }

  private async renew(
    renewal: Parameters<SessionGateway['renew']>[0],
    transaction?: Transaction,
  ): Promise<IssuedSession> {
    const issued = await this.sessions.renew(renewal, transaction);
    if (!issued) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
    return issued;
  }
}
