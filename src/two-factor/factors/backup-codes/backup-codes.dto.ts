import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import {
  SessionResponse,
  TOKEN_BEHIND_COOKIE,
  TRUSTED_DEVICE_TOKEN,
  UserResponse,
  VerificationRequest,
} from '../../routes/verification.dto.js';
import type { UserView } from '../../ports/account-directory.js';
import type { IssuedSession } from '../../ports/session-gateway.js';
import { OptionalField } from '../../routes/optional-field.js';

export class BackupCodeRequest extends VerificationRequest {
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

export class BackupCodeResponse {
  @ApiPropertyOptional({ description: 'The code was right', example: true })
  status?: boolean;

  @ApiPropertyOptional({
    description: `The session's new token; absent with \`disableSession\`. ${TOKEN_BEHIND_COOKIE}`,
    example: 'tfs_…',
  })
  token?: string;

  @ApiPropertyOptional(TRUSTED_DEVICE_TOKEN)
  trustedDeviceToken?: string;

  @ApiProperty({ type: UserResponse })
  user!: UserView;

  @ApiPropertyOptional({ type: SessionResponse, description: 'Absent with `disableSession`' })
  session?: IssuedSession['session'];
}

export class BackupCodesResponse {
  @ApiProperty({ description: 'The codes were replaced', example: true })
  status!: boolean;

  @ApiProperty({
    description: 'Ten new backup codes, shown this once; the old ones are dead',
    type: [String],
    example: ['7Q2M-X0RK-9V4D-T8HW-3CNE-Z5PB'],
  })
  backupCodes!: string[];
}
