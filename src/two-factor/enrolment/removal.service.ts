import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { EventLog } from '../events/event-log.js';
import type { Factor } from '../factor/factor.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { MessageWriter } from '../messages/message-writer.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import { SessionHold } from '../policy/session-hold.js';
import { AccountDirectory } from '../ports/account-directory.js';
import type { IncomingRequest } from '../ports/incoming-request.js';
import { originOf } from '../ports/security-events.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';
import { TrustedDevicesService } from '../trusted-devices/trusted-devices.service.js';
import { TwoFactorException, type FactorError, type TwoFactorErrorCode } from '../two-factor.errors.js';
import { HOLD_FACTORS, removeFactor } from './removal.statements.js';

/** Removes one factor of several. The last one that keeps two-factor on stays: turning it off is `DisableService`'s. */
@Injectable()
export class RemovalService {
  private readonly statements: ReadonlyMap<string, ReturnType<typeof removeFactor>>;

  constructor(
    private readonly database: Database,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly hold: SessionHold,
    private readonly devices: TrustedDevicesService,
    private readonly accounts: AccountDirectory,
    private readonly messages: MessageWriter,
    private readonly events: EventLog,
    registry: FactorRegistry,
  ) {
    this.statements = new Map(registry.enrollable.map((plugin) => [plugin.name, removeFactor(plugin, registry)]));
  }

  /**
   * Removes a confirmed factor, tells the owner, and ends the trust in the devices that were trusted by it.
   *
   * @param id of the factor's row
   * @param missing what to answer where the account has no such row
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, `missing`, LAST_FACTOR, UNAUTHORIZED when the session ended meanwhile
   */
  async remove(
    factor: Factor<never, never>,
    id: string,
    session: SessionIdentity,
    request: IncomingRequest,
    missing: TwoFactorErrorCode | FactorError,
  ): Promise<void> {
    const statement = this.statements.get(factor.name);
    if (!statement) throw new RangeError(`Factor "${factor.name}" has no enrolment table`);
    if (!this.secondFactor.isStrong(session)) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    if (!isUUID(id)) throw new TwoFactorException(missing);
    const { accountId } = session;
    await this.database.transaction(async (transaction) => {
      // First, and in a statement of its own: of two that remove the last two factors, the second one must see one left.
      await transaction.query(HOLD_FACTORS, { accountId });
      const [found] = await transaction.query(statement, { accountId, id });
      if (!found) throw new TwoFactorException(missing);
      if (!found.removed) throw new TwoFactorException('LAST_FACTOR');
      await this.devices.dropResting(accountId, id, transaction);
      await this.tell(factor.name, session, request, transaction);
      await this.hold.strong(session, transaction);
    });
  }

  private async tell(
    factor: string,
    session: SessionIdentity,
    request: IncomingRequest,
    transaction: Transaction,
  ): Promise<void> {
    const { accountId } = session;
    const origin = originOf(request, session);
    await this.events.tell(
      { name: 'two-factor.method-removed', accountId, ...origin, details: { factor } },
      transaction,
    );
    const account = await this.accounts.find(accountId, transaction);
    if (account) await this.messages.notify(accountId, account, { topic: 'method-removed' }, request, transaction);
  }
}
