import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Random } from '../../ports/random.js';
import type { Transaction } from '../../postgres/transaction.js';
import { AesGcmSealer } from '../../keys/sealer.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { otpauthUri } from './otpauth-uri.js';
import { SEALED_AUTHENTICATORS } from './sealed-authenticators.js';
import { STAGE_AUTHENTICATOR } from './totp.statements.js';

/** 160 bits, the length that RFC 4226 §4 R6 recommends. */
const SECRET_BYTES = 20;

/** The secrets of authenticator apps: made, sealed, opened again. */
@Injectable()
export class AuthenticatorsService {
  constructor(
    private readonly sealer: AesGcmSealer,
    private readonly random: Random,
    private readonly options: TwoFactorOptions,
  ) {}

  /**
   * Stages an authenticator and the backup codes that will come into force with it.
   *
   * @returns the URI for its QR code; null when two-factor is on and the session is weak
   */
  async stage(
    shown: { readonly issuer: string; readonly label: string },
    session: { readonly accountId: string; readonly sessionId: string; readonly strong: boolean },
    codeHashes: readonly Buffer[],
    transaction: Transaction,
  ): Promise<string | null> {
    const id = randomUUID();
    const { accountId, sessionId, strong } = session;
    const secret = this.random.bytes(SECRET_BYTES);
    const sealed = this.sealer.seal(secret, SEALED_AUTHENTICATORS.record(accountId, id));
    const { issuer, label } = shown;
    const { stagedLife } = this.options;
    const values = [id, accountId, sealed, issuer, label, sessionId, stagedLife, codeHashes, strong];
    const staged = await transaction.query(STAGE_AUTHENTICATOR, values);
    return staged.length > 0 ? otpauthUri(secret, shown) : null;
  }

  /** @throws {SealBrokenError | UnknownKeyError} when the secret cannot be opened: a fault of ours, never a wrong code */
  secretOf(accountId: string, authenticator: { readonly id: string; readonly secret: string }): Buffer {
    return this.sealer.open(authenticator.secret, SEALED_AUTHENTICATORS.record(accountId, authenticator.id));
  }
}
