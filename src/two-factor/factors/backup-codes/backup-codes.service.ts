import { Injectable } from '@nestjs/common';
import type { Guess } from '../../verification/guess.js';
import type { Factor, Match } from '../../factor/factor.js';
import { answerOf } from '../../routes/verification.dto.js';
import { VerificationService, type ProofOfCode } from '../../verification/verification.service.js';
import { Reauthentication } from '../../enrolment/reauthentication.js';
import { SecondFactorPolicy } from '../../policy/second-factor-policy.js';
import { SessionHold } from '../../policy/session-hold.js';
import { EnrolmentState } from '../../factor/enrolment-state.js';
import { MessageWriter } from '../../messages/message-writer.js';
import { AccountDirectory } from '../../ports/account-directory.js';
import { Random } from '../../ports/random.js';
import { originOf, SecurityEvents } from '../../ports/security-events.js';
import type { IncomingRequest, SessionIdentity } from '../../ports/session-gateway.js';
import { Database } from '../../postgres/database.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import type { BackupCodeResponse, BackupCodesResponse } from './backup-codes.dto.js';
import { backupCodeHash, findHash, newBackupCodes, normaliseBackupCode } from './backup-codes.js';
import { AWAIT_TURN, GUESS_BACKUP_CODE, REPLACE_BACKUP_CODES, SPEND_BACKUP_CODE } from './backup-codes.statements.js';

/** Codes on paper, each good once, for whoever lost the authenticator [NIST SP 800-63B-4 3.1.2]. */
@Injectable()
export class BackupCodesService implements Factor<readonly Buffer[]> {
  readonly name = 'backup-code';
  readonly invalid = 'INVALID_BACKUP_CODE';
  readonly notEnabled = 'BACKUP_CODES_NOT_ENABLED';
  readonly lockable = false;
  readonly guess = GUESS_BACKUP_CODE;

  constructor(
    private readonly verification: VerificationService,
    private readonly state: EnrolmentState,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly password: Reauthentication,
    private readonly random: Random,
    private readonly database: Database,
    private readonly events: SecurityEvents,
    private readonly hold: SessionHold,
    private readonly accounts: AccountDirectory,
    private readonly messages: MessageWriter,
  ) {}

  /**
   * Finishes a challenge or lifts a session, and uses the code up.
   *
   * @param disableSession only use the code up: no session is opened or lifted, no cookie set, no device trusted
   */
  async verify(request: ProofOfCode, disableSession = false): Promise<BackupCodeResponse> {
    if (disableSession) return { user: await this.verification.spendOnly(this, request) };
    const verified = await this.verification.verify(this, request);
    const answer = answerOf(verified, request.exchange);
    return Object.assign(answer, { session: { ...verified.session, token: answer.token } });
  }

  match(code: string, { accountId, proof }: Guess<readonly Buffer[]>): Match | null {
    const symbols = normaliseBackupCode(code);
    const hash = symbols === null ? null : findHash(backupCodeHash(accountId, symbols), proof);
    return hash && { values: [hash], spend: SPEND_BACKUP_CODE };
  }

  /**
   * Replaces all codes by new ones, shown this once, and tells the owner by mail [ASVS 6.3.7].
   *
   * @throws {TwoFactorException} TWO_FACTOR_NOT_ENABLED, SECOND_FACTOR_REQUIRED, INVALID_PASSWORD, TOO_MANY_REQUESTS,
   *   UNAUTHORIZED when the session ended meanwhile
   */
  async regenerate(session: SessionIdentity, password: string, request: IncomingRequest): Promise<BackupCodesResponse> {
    const { accountId } = session;
    if (!(await this.state.isOn(accountId))) throw new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
    if (!this.secondFactor.isStrong(session)) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    await this.password.require(session, password, request);
    const { codes, hashes } = newBackupCodes(accountId, (size) => this.random.bytes(size));
    await this.database.transaction(async (transaction) => {
      await transaction.query(AWAIT_TURN, [accountId]);
      const [row] = await transaction.query<{ added: number }>(REPLACE_BACKUP_CODES, [accountId, hashes]);
      if (!row?.added) throw new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
      const account = await this.accounts.find(accountId, transaction);
      const topic = 'backup-codes-replaced';
      if (account) await this.messages.notify(accountId, account, { topic }, request, transaction);
      await this.hold.strong(session, transaction);
    });
    this.events.emit({ name: 'two-factor.backup-codes-replaced', accountId, ...originOf(request, session) });
    return { status: true, backupCodes: codes };
  }
}
