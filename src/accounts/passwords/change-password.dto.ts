import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { UserAnswer } from '../../two-factor/index.js';
import { TOKEN_BEHIND_COOKIE } from '../answers.js';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from './password-policy.js';

export class ChangePasswordBody {
  @ApiProperty({ example: 'correct horse battery staple' })
  @IsString()
  readonly currentPassword!: string;

  @ApiProperty({
    description: 'Any characters, and every one counts.',
    example: 'an even better passphrase',
    minLength: PASSWORD_MIN_LENGTH,
    maxLength: PASSWORD_MAX_LENGTH,
  })
  @IsString()
  readonly newPassword!: string;

  @ApiPropertyOptional({
    description: 'All other sessions end in any case. True: this session gets a new token as well.',
    default: false,
  })
  @IsOptional()
  @IsBoolean()
  readonly revokeOtherSessions?: boolean;
}

export class ChangePasswordAnswer {
  @ApiProperty({
    type: 'string',
    nullable: true,
    description: `The new session token with \`revokeOtherSessions\`; null: the one in use stays. ${TOKEN_BEHIND_COOKIE}`,
    example: null,
  })
  readonly token!: string | null;

  @ApiProperty()
  readonly user!: UserAnswer;
}
