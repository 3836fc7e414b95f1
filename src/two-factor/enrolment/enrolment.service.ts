import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newBackupCodes } from '../backup-codes/backup-codes.js';
import type { HttpExchange } from '../credentials/http-exchange.js';
import { SecondFactorPolicy } from '../credentials/second-factor-policy.js';
import { AccountDirectory } from '../ports/account-directory.js';
import { PasswordVerifier } from '../ports/password-verifier.js';
import { Random } from '../ports/random.js';
import { SecurityEvents } from '../ports/security-events.js';
import { SessionGateway, type IssuedSession, type SessionIdentity } from '../ports/session-gateway.js';
import type { Transaction } from '../ports/transaction.js';
import { Database } from '../postgres/database.js';
import { AesGcmSealer } from '../sealing/sealer.js';
import { otpauthUri } from '../totp/otpauth-uri.js';
import { authenticatorRecord } from '../totp/totp.service.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import type { DisableAnswer, EnableAnswer, EnableBody } from './enrolment.dto.js';
import { EnrolmentState } from './enrolment-state.js';
import { DISABLE, DROP_STAGED, STAGE_AUTHENTICATOR } from './enrolment.statements.js';

/** 160 bits, the length that RFC 4226 §4 R6 recommends. */
const SECRET_BYTES = 20;

/** The life of a factor: staged, confirmed by its first code (see totp/), switched off. */
@Injectable()
export class EnrolmentService {
  constructor(
    private readonly database: Database,
    private readonly state: EnrolmentState,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly passwords: PasswordVerifier,
    private readonly accounts: AccountDirectory,
    private readonly sessions: SessionGateway,
    private readonly sealer: AesGcmSealer,
    private readonly random: Random,
    private readonly events: SecurityEvents,
    private readonly options: TwoFactorOptions,
  ) {}

  /**
   * Stages an authenticator. Nothing is on, and nothing that was on is off, until a code of it came through `verify-totp`
   * on the same session.
   *
   * @throws {TwoFactorException} OTP_NOT_CONFIGURED for a method that cannot be had, SECOND_FACTOR_REQUIRED with
   *   two-factor on and a weak session, INVALID_PASSWORD
   */
  async enable(session: SessionIdentity, body: EnableBody): Promise<EnableAnswer> {
    const { password, issuer = this.options.issuer, method = 'totp' } = body;
    if (method === 'otp') throw new TwoFactorException('OTP_NOT_CONFIGURED');
    const { accountId, sessionId } = session;
    const strong = this.secondFactor.isStrong(session);
    if (!strong && (await this.state.isOn(accountId))) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    await this.checkPassword(accountId, password);
    const account = await this.accounts.find(accountId);
    if (!account) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });

    const id = randomUUID();
    const secret = this.random.bytes(SECRET_BYTES);
    const sealed = this.sealer.seal(secret, authenticatorRecord(accountId, id));
    const { codes, hashes } = newBackupCodes(accountId, (size) => this.random.bytes(size));
    const { label } = account;
    const staged = await this.database.query(STAGE_AUTHENTICATOR, [
      id,
      accountId,
      sealed,
      issuer,
      label,
      sessionId,
      this.options.stagedLife,
      hashes,
      strong,
    ]);
    if (staged.length === 0) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    return { totpURI: otpauthUri(secret, { issuer, label }), backupCodes: codes, method };
  }

  /**
   * Switches two-factor off and ends all other sessions.
   *
   * The session gets a new token; that it once proved a second factor stays recorded.
   *
   * @throws {TwoFactorException} TWO_FACTOR_NOT_ENABLED, SECOND_FACTOR_REQUIRED, INVALID_PASSWORD, UNAUTHORIZED
   */
  async disable(session: SessionIdentity, password: string, exchange: HttpExchange): Promise<DisableAnswer> {
    const { accountId } = session;
    if (!(await this.state.isOn(accountId))) throw new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
    if (!this.secondFactor.isStrong(session)) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    await this.checkPassword(accountId, password);
    const renewal = { session, secondFactor: null, endOthers: true, request: exchange.request };
    const renewed = await this.database.transaction(async (transaction) => {
      const wasOn = await transaction.query(DISABLE, [accountId]);
      if (wasOn.length === 0) throw new TwoFactorException('TWO_FACTOR_NOT_ENABLED');
      await this.accounts.recordTwoFactor(accountId, false, transaction);
      return this.sessions.transactional ? this.renew(renewal, transaction) : null;
    });
    this.events.emit({ name: 'two-factor.disabled', accountId });
    const { token, user, headers } = renewed ?? (await this.renew(renewal));
    exchange.setHeaders(headers);
    return { status: true, token, user };
  }

  /** Drops every factor of an account that is leaving. */
  async forget(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(DISABLE, [accountId]);
  }

  /** Drops what was staged under an older password. */
  async dropStaged(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(DROP_STAGED, [accountId]);
  }

  private async checkPassword(accountId: string, password: string): Promise<void> {
    if (!(await this.passwords.verify(accountId, password))) throw new TwoFactorException('INVALID_PASSWORD');
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
