import { Injectable } from '@nestjs/common';
import { newBackupCodes } from '../factors/backup-codes/backup-codes.js';
import { ChallengeService } from '../challenge/challenge.service.js';
import type { HttpExchange } from '../routes/http-exchange.js';
import { Reauthentication } from './reauthentication.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import { SessionHold } from '../policy/session-hold.js';
import { MessageWriter } from '../messages/message-writer.js';
import { OtpMethodsService, type OtpTarget } from '../factors/otp/otp-methods.service.js';
import { AccountDirectory } from '../ports/account-directory.js';
import { Random } from '../ports/random.js';
import { originOf, SecurityEvents } from '../ports/security-events.js';
import {
  SessionGateway,
  type IncomingRequest,
  type IssuedSession,
  type SessionIdentity,
} from '../ports/session-gateway.js';
import type { Transaction } from '../postgres/transaction.js';
import type { Statement } from '../postgres/statement.js';
import { Database } from '../postgres/database.js';
import { AuthenticatorsService } from '../factors/totp/authenticators.service.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import type { DisableResponse, EnableResponse, EnableRequest } from '../routes/enrolment.dto.js';
import { EnrolmentState } from '../factor/enrolment-state.js';
import { disable, DROP_STAGED } from './enrolment.statements.js';

const DISABLE = disable(null);

/** The life of a factor: staged, confirmed by its first code (see totp/), switched off. */
@Injectable()
export class EnrolmentService {
  private readonly disableAndTell: Statement;

  constructor(
    private readonly database: Database,
    private readonly state: EnrolmentState,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly password: Reauthentication,
    private readonly accounts: AccountDirectory,
    private readonly sessions: SessionGateway,
    private readonly authenticators: AuthenticatorsService,
    private readonly random: Random,
    private readonly events: SecurityEvents,
    private readonly options: TwoFactorOptions,
    private readonly otpMethods: OtpMethodsService,
    private readonly messages: MessageWriter,
    private readonly challenges: ChallengeService,
    private readonly hold: SessionHold,
  ) {
    this.disableAndTell = disable(messages.enqueueFunction);
  }

  /**
   * Stages an authenticator, or a way to send codes. Nothing is on, and nothing that was on is off, until a code of it
   * came through `verify-totp` or `verify-otp` on the same session.
   *
   * @throws {TwoFactorException} OTP_NOT_CONFIGURED for a method that cannot be had, SECOND_FACTOR_REQUIRED with
   *   two-factor on and a weak session, INVALID_PASSWORD, TOO_MANY_REQUESTS, UNAUTHORIZED when the session ended meanwhile
   */
  async enable(session: SessionIdentity, body: EnableRequest, request: IncomingRequest): Promise<EnableResponse> {
    const { password, method = 'totp' } = body;
    const target = method === 'otp' ? this.otpMethods.target(body) : null;
    const { accountId } = session;
    const strong = this.secondFactor.isStrong(session);
    if (!strong && (await this.state.isOn(accountId))) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    await this.password.require(session, password, request);
    return this.database.transaction(async (transaction) => {
      const staged = target
        ? await this.stageOtp(session, strong, target, transaction)
        : await this.stageTotp(session, strong, body.issuer, transaction);
      // The statements that stage look at the strength; it is looked at once more when a code confirms what is staged.
      await this.hold.live(session, transaction);
      return staged;
    });
  }

  private async stageOtp(
    session: SessionIdentity,
    strong: boolean,
    target: OtpTarget,
    transaction: Transaction,
  ): Promise<EnableResponse> {
    const { accountId, sessionId } = session;
    const { codes, hashes } = newBackupCodes(accountId, (size) => this.random.bytes(size));
    const staged = await this.otpMethods.stage(target, { accountId, sessionId, strong }, hashes, transaction);
    if (staged === null) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    return { method: 'otp', ...(staged && { backupCodes: codes }) };
  }

  private async stageTotp(
    session: SessionIdentity,
    strong: boolean,
    issuer = this.options.issuer,
    transaction: Transaction,
  ): Promise<EnableResponse> {
    const { accountId, sessionId } = session;
    const account = await this.accounts.find(accountId, transaction);
    if (!account) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
    const { codes, hashes } = newBackupCodes(accountId, (size) => this.random.bytes(size));
    const shown = { issuer, label: account.label };
    const totpURI = await this.authenticators.stage(shown, { accountId, sessionId, strong }, hashes, transaction);
    if (totpURI === null) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    return { totpURI, backupCodes: codes, method: 'totp' };
  }

  /**
   * Switches two-factor off and ends all other sessions.
   *
   * The session gets a new token; that it once proved a second factor stays recorded.
   *
   * @throws {TwoFactorException} TWO_FACTOR_NOT_ENABLED, SECOND_FACTOR_REQUIRED, INVALID_PASSWORD, TOO_MANY_REQUESTS,
   *   UNAUTHORIZED
   */
  async disable(session: SessionIdentity, password: string, exchange: HttpExchange): Promise<DisableResponse> {
    const { accountId } = session;
    const { request } = exchange;
    try {
      await this.requireStrongAndPassword(session, password, request);
    } catch (refusal) {
      // Asked in this case only: where all is well, the statement that switches off finds out.
      const on = !(refusal instanceof TwoFactorException) || (await this.state.isOn(accountId));
      throw on ? refusal : new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
    }
    const renewal = { session, secondFactor: null, amr: [], trustedDeviceId: null, endOthers: true, request };
    const renewed = await this.database.transaction(async (transaction) => {
      await this.challenges.burnAll(accountId, transaction);
      const account = await this.accounts.recordTwoFactor(accountId, false, transaction);
      const notice = account && this.messages.notice(account, { topic: 'two-factor-disabled' }, request);
      const wasOn = notice
        ? await transaction.query(this.disableAndTell, [accountId, ...notice])
        : await transaction.query(DISABLE, [accountId]);
      if (wasOn.length === 0) throw new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
      // Elsewhere the session gets its token after the commit; whether it is still there must be known before.
      if (!this.sessions.transactional) await this.hold.live(session, transaction);
      return this.sessions.transactional ? this.renew(renewal, transaction) : null;
    });
    this.events.emit({ name: 'two-factor.disabled', accountId, ...originOf(request, session) });
    const issued = renewed ?? (await this.renew(renewal));
    exchange.setHeaders(issued.headers);
    return { status: true, token: exchange.tokenInBody(issued), user: issued.user };
  }

  /** Drops every factor of an account, and every device. Challenges are burnt before. */
  async forget(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(DISABLE, [accountId]);
  }

  /** Drops what was staged under an older password. */
  async dropStaged(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(DROP_STAGED, [accountId]);
  }

  private async requireStrongAndPassword(
    session: SessionIdentity,
    password: string,
    request: IncomingRequest,
  ): Promise<void> {
    if (!this.secondFactor.isStrong(session)) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    await this.password.require(session, password, request);
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
