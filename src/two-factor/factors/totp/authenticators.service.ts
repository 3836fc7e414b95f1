import { Injectable } from '@nestjs/common';
import { AesGcmSealer } from '../../keys/sealer.js';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import { Random } from '../../ports/random.js';
import type { SessionIdentity } from '../../ports/session-gateway.js';
import { Database } from '../../postgres/database.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { otpauthUri } from './otpauth-uri.js';
import { FIND_AUTHENTICATORS, SEALED_AUTHENTICATORS } from './totp.sql.js';

/** 160 bits, the length that RFC 4226 §4 R6 recommends. */
const SECRET_BYTES = 20;

/** The authenticator that a session may be shown. */
export interface VisibleAuthenticator {
  /** Whether this session staged it. */
  readonly staged: boolean;
  /** @throws {SealBrokenError | UnknownKeyError} after an alarm, when the secret cannot be opened */
  uri(): string;
}

/** The secrets of authenticator apps: made, sealed, opened again. */
@Injectable()
export class AuthenticatorsService {
  constructor(
    private readonly sealer: AesGcmSealer,
    private readonly random: Random,
    private readonly database: Database,
    private readonly unreadable: UnreadableSecretReporter,
  ) {}

  /** A new secret, and as it is stored. */
  create(accountId: string, id: string): { readonly secret: Buffer; readonly sealed: string } {
    const secret = this.random.bytes(SECRET_BYTES);
    return { secret, sealed: this.sealer.seal(secret, SEALED_AUTHENTICATORS.record(accountId, id)) };
  }

  /** @throws {SealBrokenError | UnknownKeyError} when the secret cannot be opened: a fault of ours, never a wrong code */
  secretOf(accountId: string, authenticator: { readonly id: string; readonly secret: string }): Buffer {
    return this.sealer.open(authenticator.secret, SEALED_AUTHENTICATORS.record(accountId, authenticator.id));
  }

  /**
   * @returns the authenticator that the session staged, else the confirmed one
   * @throws {TwoFactorException} TOTP_NOT_ENABLED
   */
  async visibleTo({ accountId, sessionId }: SessionIdentity): Promise<VisibleAuthenticator> {
    const authenticators = await this.database.query(FIND_AUTHENTICATORS, { accountId, sessionId });
    const shown = authenticators.find(({ staged }) => staged) ?? authenticators[0];
    if (!shown) throw new TwoFactorException('TOTP_NOT_ENABLED');
    const open = () => this.secretOf(accountId, shown);
    return {
      staged: shown.staged,
      uri: () => otpauthUri(this.unreadable.watch(accountId, 'authenticator', open), shown),
    };
  }
}
