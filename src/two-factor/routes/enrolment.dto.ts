import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNotEmpty, IsString, Matches, MaxLength } from 'class-validator';
import type { Channel } from '../messages/message.js';
import type { UserView } from '../ports/account-directory.js';
import { TOKEN_BEHIND_COOKIE, UserResponse } from './verification.dto.js';
import { OptionalField } from './optional-field.js';

/** The owner's password, asked for again before anything sensitive. */
export class PasswordRequest {
  @ApiProperty({ description: 'User password', example: 'correct horse battery staple' })
  @IsString()
  password!: string;
}

export class EnableRequest extends PasswordRequest {
  @ApiPropertyOptional({
    description: 'Custom issuer for the TOTP URI',
    example: 'Acme',
    minLength: 1,
    maxLength: 64,
    pattern: String.raw`^(?=.*\S)[^:\u0000-\u001f\u007f-\u009f]*$`,
    nullable: true,
    type: 'string',
  })
  @OptionalField()
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  @Matches(/^(?=.*\S)[^:\p{Cc}\p{Cs}]*$/u, { message: 'issuer must be a name without colon or control characters' })
  issuer?: string;

  @ApiPropertyOptional({
    description:
      'The method to enable: `totp` for an authenticator app, as when absent; `otp` for codes that are sent.',
    enum: ['totp', 'otp', null],
    nullable: true,
  })
  @OptionalField()
  @IsIn(['totp', 'otp'])
  method?: 'totp' | 'otp';

  @ApiPropertyOptional({
    description:
      'With method `otp`: the way to send codes, `mail` when absent. Mail goes to the address of the account.',
    enum: ['mail', 'sms', null],
    nullable: true,
  })
  @OptionalField()
  @IsIn(['mail', 'sms'])
  channel?: Channel;

  @ApiPropertyOptional({
    description: 'With channel `sms`: the number to text, in international form.',
    example: '+4915112345678',
    maxLength: 32,
    nullable: true,
    type: 'string',
  })
  @OptionalField()
  @IsString()
  @MaxLength(32)
  phoneNumber?: string;
}

const PASSWORD_EXAMPLE = 'correct horse battery staple';

/** Bodies to try. Each holds what its method needs and nothing else. */
export const ENABLE_EXAMPLES = {
  'authenticator app': { summary: 'Authenticator app', value: { password: PASSWORD_EXAMPLE } },
  mail: { summary: 'Codes by mail', value: { password: PASSWORD_EXAMPLE, method: 'otp', channel: 'mail' } },
  SMS: {
    summary: 'Codes by SMS',
    value: { password: PASSWORD_EXAMPLE, method: 'otp', channel: 'sms', phoneNumber: '+4915112345678' },
  },
};

export class EnableResponse {
  @ApiPropertyOptional({
    description: 'With method `totp`: what the QR code of the authenticator app says',
    example:
      'otpauth://totp/Acme:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=6&period=30',
  })
  totpURI?: string;

  @ApiPropertyOptional({
    description:
      'Ten backup codes, shown this once, good from the first right code on. Absent where a way to send codes is added to what is on.',
    type: [String],
    example: ['7Q2M-X0RK-9V4D-T8HW-3CNE-Z5PB'],
  })
  backupCodes?: string[];

  @ApiProperty({ description: 'The method that was staged', enum: ['totp', 'otp'], example: 'totp' })
  method!: 'totp' | 'otp';
}

export class DisableResponse {
  @ApiProperty({ description: 'Two-factor is off', example: true })
  status!: boolean;

  @ApiProperty({
    description: `The session's new token; the old one is dead. ${TOKEN_BEHIND_COOKIE}`,
    example: 'tfs_…',
  })
  token!: string;

  @ApiProperty({ type: UserResponse })
  user!: UserView;
}
