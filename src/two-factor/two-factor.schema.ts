import { Attempts } from './attempts/attempts.entity.js';
import { BackupCode } from './factors/backup-codes/backup-code.entity.js';
import { Challenge } from './challenge/challenge.entity.js';
import { NoticeBudgetRow } from './messages/notice-budget.entity.js';
import { PendingNotice } from './messages/pending-notice.entity.js';
import { CreateTwoFactor1764000000000 } from './migrations/1764000000000-create-two-factor.js';
import { CreateOneTimeCodes1764000000100 } from './migrations/1764000000100-create-one-time-codes.js';
import { CreateTrustedDevices1764000000300 } from './migrations/1764000000300-create-trusted-devices.js';
import { AddKeyLife1764000000500 } from './migrations/1764000000500-add-key-life.js';
import { SlidingSendBudgets1764000000700 } from './migrations/1764000000700-sliding-send-budgets.js';
import { NoticeBudgets1764000000800 } from './migrations/1764000000800-notice-budgets.js';
import { NameTrustedDevices1764000001000 } from './migrations/1764000001000-name-trusted-devices.js';
import { RenameLaneToScope1764000001200 } from './migrations/1764000001200-rename-lane-to-scope.js';
import { OneTimeCode } from './factors/otp/one-time-code.entity.js';
import { OtpMethod } from './factors/otp/otp-method.entity.js';
import { SendBudget } from './factors/otp/send-budget.entity.js';
import { KeyInUse } from './keys/key-in-use.entity.js';
import { Authenticator } from './factors/totp/authenticator.entity.js';
import { TrustedDevice } from './trusted-devices/trusted-device.entity.js';

/** For `entities` of the host's TypeORM data source. */
export const twoFactorEntities = [
  Authenticator,
  BackupCode,
  Challenge,
  Attempts,
  KeyInUse,
  OtpMethod,
  OneTimeCode,
  SendBudget,
  NoticeBudgetRow,
  PendingNotice,
  TrustedDevice,
];

/** For `migrations` of the host's TypeORM data source, in order. */
export const twoFactorMigrations = [
  CreateTwoFactor1764000000000,
  CreateOneTimeCodes1764000000100,
  CreateTrustedDevices1764000000300,
  AddKeyLife1764000000500,
  SlidingSendBudgets1764000000700,
  NoticeBudgets1764000000800,
  NameTrustedDevices1764000001000,
  RenameLaneToScope1764000001200,
];
