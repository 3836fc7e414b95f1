import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { UserResponse } from '../../two-factor/index.js';
import { TOKEN_BEHIND_COOKIE } from '../shared-responses.dto.js';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from './password-policy.js';

export class ChangePasswordRequest {
  @ApiProperty({ example: 'correct horse battery staple' })
  @IsString()
  readonly currentPassword!: string;

  @ApiProperty({
    description: 'Any Unicode characters; none is cut or changed.',
    example: 'an even better passphrase',
    minLength: PASSWORD_MIN_LENGTH,
    maxLength: PASSWORD_MAX_LENGTH,
  })
  @IsString()
  readonly newPassword!: string;

  @ApiPropertyOptional({
    description: 'Accepted, but has no effect: all other sessions always end.',
    nullable: true,
    type: 'boolean',
  })
  @IsOptional()
  @IsBoolean()
  readonly revokeOtherSessions?: boolean;
}

/** Example request body. */
export const CHANGE_PASSWORD_EXAMPLE = {
  passwords: {
    summary: 'The old and the new password',
    value: { currentPassword: 'correct horse battery staple', newPassword: 'an even better passphrase' },
  },
};

export class ChangePasswordResponse {
  @ApiProperty({
    description: `The session's new token. The old one no longer works. ${TOKEN_BEHIND_COOKIE}`,
    example: 'tfs_…',
  })
  readonly token!: string;

  @ApiProperty()
  readonly user!: UserResponse;
}
