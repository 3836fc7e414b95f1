import { Injectable } from '@nestjs/common';
import { EventLog } from '../../events/event-log.js';
import { EnrolmentState } from '../../factor/enrolment-state.js';
import { FactorRegistry } from '../../factor/factor-registry.js';
import { Reauthentication } from '../../enrolment/reauthentication.js';
import { MessageWriter } from '../../messages/message-writer.js';
import { SessionHold } from '../../policy/session-hold.js';
import { AccountDirectory } from '../../ports/account-directory.js';
import type { IncomingRequest } from '../../ports/incoming-request.js';
import { Random } from '../../ports/random.js';
import { originOf } from '../../ports/security-events.js';
import type { SessionIdentity } from '../../ports/session-gateway.js';
import { Database } from '../../postgres/database.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { newBackupCodes } from './backup-codes.js';
import { AWAIT_TURN, replaceBackupCodes } from './backup-codes.sql.js';

/** Replaces the backup codes of an account. */
@Injectable()
export class BackupCodesService {
  private readonly replaceBackupCodes: ReturnType<typeof replaceBackupCodes>;

  constructor(
    private readonly state: EnrolmentState,
    private readonly reauthentication: Reauthentication,
    private readonly random: Random,
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly hold: SessionHold,
    private readonly accounts: AccountDirectory,
    private readonly messages: MessageWriter,
    registry: FactorRegistry,
  ) {
    this.replaceBackupCodes = replaceBackupCodes(registry);
  }

  /**
   * Replaces all codes by new ones and tells the owner by mail [ASVS 6.3.7].
   *
   * @returns the codes, shown this once
   * @throws {TwoFactorException} TWO_FACTOR_NOT_ENABLED, SECOND_FACTOR_REQUIRED, INVALID_PASSWORD, TOO_MANY_REQUESTS,
   *   UNAUTHORIZED when the session ended meanwhile
   */
  async regenerate(session: SessionIdentity, password: string, request: IncomingRequest): Promise<string[]> {
    const { accountId } = session;
    if (!(await this.state.isOn(accountId))) throw new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
    await this.reauthentication.require(session, password, request, 'always');
    const { codes, hashes } = newBackupCodes(accountId, this.random);
    await this.database.transaction(async (transaction) => {
      await transaction.query(AWAIT_TURN, { accountId });
      const [row] = await transaction.query(this.replaceBackupCodes, { accountId, codeHashes: hashes });
      if (!row?.added) throw new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
      const account = await this.accounts.find(accountId, transaction);
      const topic = 'backup-codes-replaced';
      if (account) await this.messages.notify(accountId, account, { topic }, request, transaction);
      const origin = originOf(request, session);
      await this.events.tell({ name: 'two-factor.backup-codes-replaced', accountId, ...origin }, transaction);
      await this.hold.strong(session, transaction);
    });
    return codes;
  }
}
