import { Injectable } from '@nestjs/common';
import { ChallengeService } from '../challenge/challenge.service.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import { Channels } from '../messages/channels.js';
import { maskMailAddress, maskPhoneNumber } from '../factors/otp/destination.js';
import { OtpMethodsService } from '../factors/otp/otp-methods.service.js';
import { AccountDirectory } from '../ports/account-directory.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { Database } from '../postgres/database.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import type { OtpDestinationResponse, TwoFactorStatusResponse } from '../routes/status.dto.js';
import { STATUS, type StoredStatus } from './status.statements.js';

/** Tells the owner how the second factor stands. */
@Injectable()
export class StatusService {
  constructor(
    private readonly database: Database,
    private readonly challenges: ChallengeService,
    private readonly channels: Channels,
    private readonly otpMethods: OtpMethodsService,
    private readonly accounts: AccountDirectory,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly options: TwoFactorOptions,
  ) {}

  async of(session: SessionIdentity): Promise<TwoFactorStatusResponse> {
    const { accountId, trustedDeviceId } = session;
    const [stored] = await this.database.query<StoredStatus>(STATUS, [accountId, trustedDeviceId]);
    if (!stored) throw new Error('A status is always one row');
    const { totp, methods: ways, backupCodesLeft, trustedDevices, lockedFor } = stored;
    const methods = this.challenges.methodsOf({ totp, channels: ways.map(({ channel }) => channel) });
    const [preferred] = methods;
    return {
      enabled: totp || ways.length > 0,
      methods,
      ...(preferred && { preferred }),
      otpDestinations: await this.destinations(accountId, stored),
      backupCodesLeft,
      trustedDevices,
      strong: this.secondFactor.isStrong(session),
      locked: lockedFor !== null,
      lockedFor,
    };
  }

  private async destinations(accountId: string, { totp, methods }: StoredStatus): Promise<OtpDestinationResponse[]> {
    const numbers = methods
      .filter(({ channel }) => channel === 'sms' && this.channels.has('sms'))
      .map((method) => this.otpMethods.phoneNumberOf(accountId, method) ?? '')
      .map((number) => ({ channel: 'sms' as const, destination: maskPhoneNumber(number) }));
    const mailed = methods.some(({ channel }) => channel === 'mail') || (totp && this.options.mailFallback);
    if (!mailed || !this.channels.has('mail')) return numbers;
    const account = await this.accounts.find(accountId);
    return account ? [...numbers, { channel: 'mail', destination: maskMailAddress(account.email) }] : numbers;
  }
}
