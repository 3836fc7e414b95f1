import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { CallbackUrl } from '../links/callback-url.dto.js';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../passwords/password-policy.js';
import { IsEmailAddress } from '../users/email-address.js';

export class RequestPasswordResetRequest {
  @ApiProperty({ description: 'The address of the account.', example: 'ada@example.com', format: 'email' })
  @IsEmailAddress()
  readonly email!: string;

  @CallbackUrl('The page where the new password is entered. It gets `?token=…`, or `?error=INVALID_TOKEN`.')
  readonly redirectTo?: string;
}

export class RequestPasswordResetResponse {
  @ApiProperty({ example: true })
  readonly status!: boolean;

  @ApiProperty({
    description: 'The same for a known and an unknown address.',
    example: 'If this email exists in our system, check your email for the reset link',
  })
  readonly message!: string;
}

export class ResetPasswordQuery {
  @CallbackUrl('Where to send the browser, with `?token=…` or `?error=INVALID_TOKEN`.')
  readonly callbackURL?: string;
}

export class ResetPasswordRequest {
  @ApiProperty({
    description: 'Any Unicode characters; none is cut or changed.',
    example: 'an even better passphrase',
    minLength: PASSWORD_MIN_LENGTH,
    maxLength: PASSWORD_MAX_LENGTH,
  })
  @IsString()
  readonly newPassword!: string;

  @ApiProperty({ description: 'The token of the link.', example: 'tfl_…' })
  @IsString()
  readonly token!: string;
}
