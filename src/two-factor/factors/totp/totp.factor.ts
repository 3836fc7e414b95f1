import { Injectable } from '@nestjs/common';
import { Factor, type Match, type MatchContext, type Stage } from '../../factor/factor.js';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import { Clock } from '../../ports/clock.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { AuthenticatorsService } from './authenticators.service.js';
import { otpauthUri } from './otpauth-uri.js';
import type { TotpEnrolmentRequest } from './totp.dto.js';
import type { StoredAuthenticator } from './totp.sql.js';
import { matchStep } from './totp.js';

/** Codes of an authenticator app [RFC 6238]. */
@Injectable()
export class TotpFactor extends Factor<string, readonly StoredAuthenticator[]> {
  readonly name = 'totp';

  constructor(
    private readonly authenticators: AuthenticatorsService,
    private readonly clock: Clock,
    private readonly options: TwoFactorOptions,
    private readonly unreadable: UnreadableSecretReporter,
  ) {
    super();
  }

  /**
   * An authenticator that cannot be opened does not keep another one from matching: so an owner can replace it. Where none
   * matches, it is not known whether the code was wrong.
   *
   * @throws {SealBrokenError | UnknownKeyError} after an alarm
   */
  override match(code: string, { accountId, candidates }: MatchContext<readonly StoredAuthenticator[]>): Match | null {
    const now = this.clock.now();
    let unreadable: unknown;
    for (const { id, secret, lastStep, staged } of candidates) {
      let opened: Buffer;
      try {
        opened = this.authenticators.secretOf(accountId, { id, secret });
      } catch (error) {
        if (unreadable === undefined) this.unreadable.raise(accountId, 'authenticator', error);
        unreadable ??= error;
        continue;
      }
      const step = matchStep(opened, code, now, { window: this.options.window, lastStep });
      if (step === null) continue;
      return staged ? { values: { step }, confirms: id } : { values: { id, step } };
    }
    if (unreadable !== undefined) throw unreadable;
    return null;
  }

  override prepare({ issuer = this.options.issuer }: TotpEnrolmentRequest): Stage {
    return async ({ id, accountId, account }) => {
      const { label } = await account();
      const { secret, sealed } = this.authenticators.create(accountId, id);
      const totpURI = otpauthUri(secret, { issuer, label });
      return { columns: { secret: sealed, issuer, label }, response: { totpURI } };
    };
  }
}
