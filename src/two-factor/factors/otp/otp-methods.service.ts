import { Injectable } from '@nestjs/common';
import { Channels } from '../../messages/channels.js';
import type { Channel } from '../../messages/message.js';
import type { Transaction } from '../../postgres/transaction.js';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import { AesGcmSealer } from '../../keys/sealer.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { parsePhoneNumber } from './destination.js';
import type { OtpEnrolmentRequest } from './otp.dto.js';
import { FORGET_SENDS, SEALED_DESTINATIONS } from './otp.sql.js';
import { bucketsOf } from './send-limits.js';

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
  target({ channel, phoneNumber }: OtpEnrolmentRequest): OtpTarget {
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

  /** Seals a telephone number for the row that it will stand in; null stays null. */
  sealed(phoneNumber: string | null, accountId: string, id: string): string | null {
    return phoneNumber && this.sealer.seal(Buffer.from(phoneNumber), SEALED_DESTINATIONS.record(accountId, id));
  }

  /** Drops the counters of an account that is being deleted. */
  async forget(accountId: string, transaction: Transaction): Promise<void> {
    const { names, prefix } = bucketsOf(accountId);
    await transaction.query(FORGET_SENDS, { names, prefix });
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
