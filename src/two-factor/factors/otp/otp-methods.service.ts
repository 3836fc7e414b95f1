import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Channels } from '../../messages/channels.js';
import type { Channel } from '../../messages/message.js';
import type { Transaction } from '../../postgres/transaction.js';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import { AesGcmSealer } from '../../keys/sealer.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { parsePhoneNumber } from './destination.js';
import { FORGET_SENDS, STAGE_OTP_METHOD } from './otp.statements.js';
import { bucketsOf } from './send-limits.js';
import { SEALED_DESTINATIONS } from './sealed-destinations.js';

/** What is to be staged: a channel, and where it leads. */
export interface OtpMethodRequest {
  readonly channel?: Channel | undefined;
  readonly phoneNumber?: string | undefined;
}

/** A way to send codes, checked and ready to be staged. */
export interface OtpTarget {
  readonly channel: Channel;
  /** E.164; null for the account's own mail address. */
  readonly phoneNumber: string | null;
}

/** The ways to send codes to an account: staged, sealed, opened again. */
@Injectable()
export class OtpMethodsService {
  constructor(
    private readonly channels: Channels,
    private readonly sealer: AesGcmSealer,
    private readonly options: TwoFactorOptions,
    private readonly alarm: UnreadableSecretReporter,
  ) {}

  /** @throws {TwoFactorException} OTP_NOT_CONFIGURED for a channel without sender, VALIDATION_ERROR for a bad number */
  target({ channel, phoneNumber }: OtpMethodRequest): OtpTarget {
    const wanted = channel ?? (phoneNumber === undefined ? 'mail' : 'sms');
    if (!this.channels.has(wanted)) throw new TwoFactorException('OTP_NOT_CONFIGURED');
    if (wanted === 'mail') return { channel: wanted, phoneNumber: null };
    const parsed = phoneNumber === undefined ? null : parsePhoneNumber(phoneNumber, this.options.smsCountries);
    if (parsed === null) {
      throw new TwoFactorException('VALIDATION_ERROR', {
        errors: { phoneNumber: ['phoneNumber must be a number in international form that can be texted from here'] },
      });
    }
    return { channel: wanted, phoneNumber: parsed };
  }

  /**
   * Stages a way to send codes, and backup codes where nothing is on yet.
   *
   * @returns whether the backup codes were staged too; null when two-factor is on and the session is weak
   */
  async stage(
    { channel, phoneNumber }: OtpTarget,
    session: { readonly accountId: string; readonly sessionId: string; readonly strong: boolean },
    codeHashes: readonly Buffer[],
    transaction: Transaction,
  ): Promise<boolean | null> {
    const id = randomUUID();
    const { accountId, sessionId, strong } = session;
    const destination =
      phoneNumber && this.sealer.seal(Buffer.from(phoneNumber), SEALED_DESTINATIONS.record(accountId, id));
    const values = [id, accountId, channel, destination, sessionId, this.options.stagedLife, codeHashes, strong];
    const [staged] = await transaction.query<{ codes: boolean }>(STAGE_OTP_METHOD, values);
    return staged ? staged.codes : null;
  }

  /** Drops the counters of an account that is being deleted. */
  async forget(accountId: string, transaction: Transaction): Promise<void> {
    const { names, prefix } = bucketsOf(accountId);
    await transaction.query(FORGET_SENDS, [names, prefix]);
  }

  /**
   * @returns the telephone number of a stored method; null for mail
   * @throws {SealBrokenError | UnknownKeyError} after an alarm, when it cannot be opened
   */
  phoneNumberOf(
    accountId: string,
    method: { readonly id: string; readonly destination: string | null },
  ): string | null {
    const { id, destination } = method;
    if (destination === null) return null;
    const names = SEALED_DESTINATIONS.record(accountId, id);
    return this.alarm.watch(accountId, 'otp-method', () => this.sealer.open(destination, names)).toString();
  }
}
