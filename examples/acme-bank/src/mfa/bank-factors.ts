import { backupCodesFactor, otpFactor, totpFactor, type FactorPlugin } from 'nestjs-two-factor';
import { hardwareKeyFactor } from '../hardware-key/hardware-key.plugin.js';
import { BankTotpController } from './bank-totp.controller.js';

/** The kinds of second factor that the bank has, the preferred one first: the library's, and one of its own. */
export const BANK_FACTORS: readonly FactorPlugin[] = [
  { ...totpFactor, controllers: [BankTotpController] },
  otpFactor,
  backupCodesFactor,
  hardwareKeyFactor,
];
