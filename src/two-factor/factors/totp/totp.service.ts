import { Injectable } from '@nestjs/common';
import type { Guess } from '../../verification/guess.js';
import type { Factor, Match } from '../../factor/factor.js';
import { answerOf, type VerificationResponse } from '../../routes/verification.dto.js';
import { VerificationService, type ProofOfCode } from '../../verification/verification.service.js';
import { acceptedType } from '../../routes/accepted-type.js';
import { single } from '../../routes/http-exchange.js';
import { Reauthentication } from '../../enrolment/reauthentication.js';
import { SecondFactorPolicy } from '../../policy/second-factor-policy.js';
import { SessionHold } from '../../policy/session-hold.js';
import { Clock } from '../../ports/clock.js';
import type { IncomingRequest, SessionIdentity } from '../../ports/session-gateway.js';
import { Database } from '../../postgres/database.js';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { AuthenticatorsService } from './authenticators.service.js';
import { otpauthUri } from './otpauth-uri.js';
import { QR_TYPES, qrCode, type QrImage } from './qr-code.js';
import type { TotpUriResponse } from './totp.dto.js';
import { matchStep } from './totp.js';
import {
  CONFIRM_AUTHENTICATOR,
  FIND_AUTHENTICATORS,
  GUESS_TOTP,
  SPEND_STEP,
  type StoredAuthenticator,
} from './totp.statements.js';

interface ShownAuthenticator {
  readonly id: string;
  readonly secret: string;
  readonly issuer: string;
  readonly label: string;
  readonly staged: boolean;
}

/** Codes of an authenticator app [RFC 6238]. */
@Injectable()
export class TotpService implements Factor<readonly StoredAuthenticator[]> {
  readonly name = 'totp';
  readonly invalid = 'INVALID_CODE';
  readonly notEnabled = 'TOTP_NOT_ENABLED';
  readonly lockable = true;
  readonly guess = GUESS_TOTP;

  constructor(
    private readonly verification: VerificationService,
    private readonly authenticators: AuthenticatorsService,
    private readonly clock: Clock,
    private readonly options: TwoFactorOptions,
    private readonly database: Database,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly password: Reauthentication,
    private readonly alarm: UnreadableSecretReporter,
    private readonly hold: SessionHold,
  ) {}

  /** Finishes a challenge, lifts a session, or confirms what the session staged. */
  async verify(request: ProofOfCode): Promise<VerificationResponse> {
    return answerOf(await this.verification.verify(this, request), request.exchange);
  }

  /**
   * An authenticator that cannot be opened does not keep another one from matching: so an owner can replace it. Where none
   * matches, nobody can tell whether the code was wrong.
   *
   * @throws {SealBrokenError | UnknownKeyError} after an alarm
   */
  match(code: string, { accountId, sessionId, proof }: Guess<readonly StoredAuthenticator[]>): Match | null {
    const now = this.clock.now();
    let unreadable: unknown;
    for (const { id, secret, lastStep, staged } of proof) {
      let opened: Buffer;
      try {
        opened = this.authenticators.secretOf(accountId, { id, secret });
      } catch (error) {
        if (unreadable === undefined) this.alarm.raise(accountId, 'authenticator', error);
        unreadable ??= error;
        continue;
      }
      const step = matchStep(opened, code, now, { window: this.options.window, lastStep });
      if (step === null) continue;
      return staged
        ? { values: [id, step, sessionId], spend: CONFIRM_AUTHENTICATOR }
        : { values: [id, step], spend: SPEND_STEP };
    }
    if (unreadable !== undefined) throw unreadable;
    return null;
  }

  /**
   * The URI of the authenticator that the session staged, else of the confirmed one.
   *
   * @throws {TwoFactorException} TOTP_NOT_ENABLED, SECOND_FACTOR_REQUIRED, INVALID_PASSWORD, TOO_MANY_REQUESTS,
   *   UNAUTHORIZED when the session ended meanwhile
   * @throws {SealBrokenError | UnknownKeyError} after an alarm, when it cannot be opened
   */
  async uri(session: SessionIdentity, password: string, request: IncomingRequest): Promise<TotpUriResponse> {
    const values = [session.accountId, session.sessionId];
    const authenticators = await this.database.query<ShownAuthenticator>(FIND_AUTHENTICATORS, values);
    const shown = authenticators.find(({ staged }) => staged) ?? authenticators[0];
    if (!shown) throw new TwoFactorException('TOTP_NOT_ENABLED');
    if (!shown.staged && !this.secondFactor.isStrong(session)) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    await this.password.require(session, password, request);
    await this.hold.live(session);
    const { accountId } = session;
    const secret = this.alarm.watch(accountId, 'authenticator', () => this.authenticators.secretOf(accountId, shown));
    return { totpURI: otpauthUri(secret, shown) };
  }

  /**
   * The same as a QR code, in the format that the `Accept` header prefers.
   *
   * @throws {TwoFactorException} as `uri`
   */
  async qr(session: SessionIdentity, password: string, request: IncomingRequest): Promise<QrImage> {
    const { totpURI } = await this.uri(session, password, request);
    return qrCode(totpURI, acceptedType(single(request.headers['accept']), QR_TYPES));
  }
}
