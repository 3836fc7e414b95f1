import type { FactorPlugin } from '../../factor/factor-plugin.js';
import { BackupCode } from './backup-code.entity.js';
import { BackupCodesController } from './backup-codes.controller.js';
import { BackupCodesEnrolmentResponse, BackupCodesStatusResponse } from './backup-codes.dto.js';
import { BackupCodesFactor } from './backup-codes.factor.js';
import { BackupCodesService } from './backup-codes.service.js';
import {
  BACKUP_CODES_AS_COMPANIONS,
  CANDIDATES,
  CODES_LEFT,
  REMOVE_BACKUP_CODES,
  SPEND_BACKUP_CODE,
} from './backup-codes.sql.js';

/** Backup codes: they come along with another factor, and do not turn two-factor on. */
export const backupCodesFactor: FactorPlugin = {
  name: 'backup-code',
  factor: BackupCodesFactor,
  controllers: [BackupCodesController],
  providers: [BackupCodesService],
  entities: [BackupCode],

  listed: false,
  lockable: false,
  errors: { invalid: 'INVALID_BACKUP_CODE', notEnabled: 'BACKUP_CODES_NOT_ENABLED' },

  companion: BACKUP_CODES_AS_COMPANIONS,
  enable: { response: BackupCodesEnrolmentResponse },
  statusResponse: BackupCodesStatusResponse,

  candidates: CANDIDATES,
  spend: SPEND_BACKUP_CODE,
  facts: CODES_LEFT,
  remove: REMOVE_BACKUP_CODES,
};
