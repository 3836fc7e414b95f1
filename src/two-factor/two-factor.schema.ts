import type { Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { Attempts } from './attempts/attempts.entity.js';
import { Challenge } from './challenge/challenge.entity.js';
import type { FactorPlugin } from './factor/factor-plugin.js';
import { backupCodesFactor } from './factors/backup-codes/backup-codes.plugin.js';
import { otpFactor } from './factors/otp/otp.plugin.js';
import { passkeyFactor } from './factors/passkey/passkey.plugin.js';
import { totpFactor } from './factors/totp/totp.plugin.js';
import { KeyInUse } from './keys/key-in-use.entity.js';
import { NoticeBudgetRow } from './messages/notice-budget.entity.js';
import { OutboxMessage } from './messages/outbox.entity.js';
import { PendingNotice } from './messages/pending-notice.entity.js';
import { CreateTwoFactor1764000000000 } from './migrations/1764000000000-create-two-factor.js';
import { CreateOneTimeCodes1764000000100 } from './migrations/1764000000100-create-one-time-codes.js';
import { CreateTrustedDevices1764000000300 } from './migrations/1764000000300-create-trusted-devices.js';
import { AddKeyLife1764000000500 } from './migrations/1764000000500-add-key-life.js';
import { SlidingSendBudgets1764000000700 } from './migrations/1764000000700-sliding-send-budgets.js';
import { NoticeBudgets1764000000800 } from './migrations/1764000000800-notice-budgets.js';
import { NameTrustedDevices1764000001000 } from './migrations/1764000001000-name-trusted-devices.js';
import { RenameLaneToScope1764000001200 } from './migrations/1764000001200-rename-lane-to-scope.js';
import { CreateOutboxTable1764000001300 } from './migrations/1764000001300-create-outbox.js';
import { IndexExpiry1764000001500 } from './migrations/1764000001500-index-expiry.js';
import { DevicesRestOnFactors1764000001700 } from './migrations/1764000001700-devices-rest-on-factors.js';
import { TrustedDevice } from './trusted-devices/trusted-device.entity.js';

/** The factors of a module that names none: passkeys, authenticator apps, codes by mail and SMS, backup codes. */
export const defaultFactors: readonly FactorPlugin[] = [passkeyFactor, totpFactor, otpFactor, backupCodesFactor];

const ENTITIES: readonly Type[] = [
  Attempts,
  Challenge,
  KeyInUse,
  NoticeBudgetRow,
  OutboxMessage,
  PendingNotice,
  TrustedDevice,
];

/** In order. They make the tables of the default factors, too. */
const MIGRATIONS: ReadonlyArray<Type<MigrationInterface>> = [
  CreateTwoFactor1764000000000,
  CreateOneTimeCodes1764000000100,
  CreateTrustedDevices1764000000300,
  AddKeyLife1764000000500,
  SlidingSendBudgets1764000000700,
  NoticeBudgets1764000000800,
  NameTrustedDevices1764000001000,
  RenameLaneToScope1764000001200,
  CreateOutboxTable1764000001300,
  IndexExpiry1764000001500,
  DevicesRestOnFactors1764000001700,
];

/**
 * What the library brings for the TypeORM data source that holds its tables.
 *
 * @param factors those of `TwoFactorModule`'s `factors`, where it names any
 * @example
 * ```ts
 * const schema = twoFactorSchema([...defaultFactors, hardwareKeyFactor]);
 * new DataSource({ …, entities: [...schema.entities], migrations: [...schema.migrations] });
 * ```
 */
export function twoFactorSchema(factors: readonly FactorPlugin[] = defaultFactors): {
  readonly entities: readonly Type[];
  readonly migrations: ReadonlyArray<Type<MigrationInterface>>;
} {
  // The tables of the default factors exist in any case, so that a factor can be taken out and put back.
  const all = [...defaultFactors, ...factors];
  // A host that changes a factor, as in `{ ...totpFactor, controllers }`, brings its entities a second time.
  return {
    entities: [...new Set([...ENTITIES, ...all.flatMap(({ entities }) => entities ?? [])])],
    migrations: [...new Set([...MIGRATIONS, ...all.flatMap(({ migrations }) => migrations ?? [])])],
  };
}

/** Entities of the default factors' schema. */
export const twoFactorEntities: Type[] = [...twoFactorSchema().entities];

/** Migrations of the default factors' schema, in order. */
export const twoFactorMigrations: Array<Type<MigrationInterface>> = [...twoFactorSchema().migrations];
