import { Injectable } from '@nestjs/common';
import { Factor, type Match, type MatchContext, type Stage, type StatusContext } from '../../factor/factor.js';
import { Channels } from '../../messages/channels.js';
import type { Channel } from '../../messages/message.js';
import { AccountDirectory } from '../../ports/account-directory.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { TwoFactorErrorCode } from '../../two-factor.errors.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { maskMailAddress, maskPhoneNumber } from './destination.js';
import { sameCode } from './one-time-code.js';
import { OtpCodes } from './otp-codes.js';
import { OtpMethodsService } from './otp-methods.service.js';
import type { OtpEnrolmentRequest } from './otp.dto.js';
import type { ConfirmedMethod, LiveCode } from './otp.sql.js';

/** Where a code can go, masked. */
interface OtpDestination {
  readonly channel: Channel;
  readonly destination: string;
}

/** Codes that came by mail or SMS [NIST SP 800-63B-4 3.1.3.2]. */
@Injectable()
export class OtpFactor extends Factor<string, readonly LiveCode[]> {
  readonly name = 'otp';

  constructor(
    private readonly channels: Channels,
    private readonly codes: OtpCodes,
    private readonly methods: OtpMethodsService,
    private readonly accounts: AccountDirectory,
    private readonly options: TwoFactorOptions,
  ) {
    super();
  }

  override unavailable(): TwoFactorErrorCode | null {
    return this.channels.none ? 'OTP_NOT_CONFIGURED' : null;
  }

  override match(code: string, { accountId, candidates }: MatchContext<readonly LiveCode[]>): Match | null {
    let match: Match | null = null;
    for (const live of candidates) {
      const expected = this.codes.of(accountId, { ...live, nonce: Buffer.from(live.nonce, 'hex') });
      if (!sameCode(expected, code)) continue;
      match = {
        values: { codeId: live.id },
        // RFC 8176 has no word for mail: its code is a password that is good once.
        amr: [live.channel === 'sms' ? 'sms' : 'otp'],
        ...(live.staged && live.methodId !== null && { confirms: live.methodId }),
      };
    }
    return match;
  }

  override isUsable(context: Omit<StatusContext, 'accountId'>): boolean {
    return this.mailed(context) || methodsOf(context).some(({ channel }) => this.channels.has(channel));
  }

  override async status(context: StatusContext): Promise<{ readonly otpDestinations: readonly OtpDestination[] }> {
    const { accountId } = context;
    const numbers = methodsOf(context)
      .filter(({ channel }) => channel === 'sms' && this.channels.has('sms'))
      .map((method) => this.methods.phoneNumberOf(accountId, method) ?? '')
      .map((number): OtpDestination => ({ channel: 'sms', destination: maskPhoneNumber(number) }));
    const account = this.mailed(context) ? await this.accounts.find(accountId) : null;
    const mail = account ? [{ channel: 'mail' as const, destination: maskMailAddress(account.email) }] : [];
    return { otpDestinations: [...numbers, ...mail] };
  }

  override prepare(request: OtpEnrolmentRequest): Stage {
    const { channel, phoneNumber } = this.methods.target(request);
    return async ({ id, accountId }) => ({
      columns: { channel, destination: this.methods.sealed(phoneNumber, accountId, id) },
      response: {},
    });
  }

  override async forget(accountId: string, transaction: Transaction): Promise<void> {
    await this.methods.forget(accountId, transaction);
  }

  /** Whether codes can go to the account's own address. */
  private mailed(context: Omit<StatusContext, 'accountId'>): boolean {
    if (!this.channels.has('mail')) return false;
    const fallback = context.fallback && this.options.mailFallback;
    return fallback || methodsOf(context).some(({ channel }) => channel === 'mail');
  }
}

function methodsOf({ facts }: Pick<StatusContext, 'facts'>): readonly ConfirmedMethod[] {
  return (facts ?? []) as readonly ConfirmedMethod[];
}
