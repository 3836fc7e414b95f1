import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import {
  SessionAnswer,
  TOKEN_BEHIND_COOKIE,
  TRUSTED_DEVICE_TOKEN,
  UserAnswer,
  VerificationBody,
} from '../challenge/verification.dto.js';
import type { UserView } from '../ports/account-directory.js';
import type { IssuedSession } from '../ports/session-gateway.js';
import { OptionalField } from '../optional-field.js';

export class BackupCodeBody extends VerificationBody {
  @ApiProperty({
    description: 'A backup code; case and separators do not matter',
    example: '7Q2M-X0RK-9V4D-T8HW-3CNE-Z5PB',
  })
  override code!: string;

  @ApiPropertyOptional({
    description: 'If true, the session cookie will not be set.',
    nullable: true,
    type: 'boolean',
  })
  @OptionalField()
  @IsBoolean()
  disableSession?: boolean;
}

/** A body to try. */
export const BACKUP_CODE_EXAMPLE = {
  code: { summary: 'The code alone', value: { code: '7Q2M-X0RK-9V4D-T8HW-3CNE-Z5PB' } },
};

export class BackupCodeAnswer {
  @ApiPropertyOptional({ description: 'The code was right', example: true })
  status?: boolean;

  @ApiPropertyOptional({
    description: `The session's new token; absent with \`disableSession\`. ${TOKEN_BEHIND_COOKIE}`,
    example: 'tfs_…',
  })
  token?: string;

  @ApiPropertyOptional(TRUSTED_DEVICE_TOKEN)
  trustedDeviceToken?: string;

  @ApiProperty({ type: UserAnswer })
  user!: UserView;

  @ApiPropertyOptional({ type: SessionAnswer, description: 'Absent with `disableSession`' })
  session?: IssuedSession['session'];
}

export class BackupCodesAnswer {
  @ApiProperty({ description: 'The codes were replaced', example: true })
  status!: boolean;

  @ApiProperty({
    description: 'Ten new backup codes, shown this once; the old ones are dead',
    type: [String],
    example: ['7Q2M-X0RK-9V4D-T8HW-3CNE-Z5PB'],
  })
  backupCodes!: string[];
}
