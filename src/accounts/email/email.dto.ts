import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { CallbackUrl } from '../links/callback-url.dto.js';
import { IsEmailAddress } from '../users/email-address.js';

export class SendVerificationEmailRequest {
  @ApiProperty({ description: 'The address to verify.', example: 'ada@example.com', format: 'email' })
  @IsEmailAddress()
  readonly email!: string;

  @CallbackUrl('Where the link leads in the end.')
  readonly callbackURL?: string;
}

export class VerifyEmailQuery {
  @ApiProperty({ description: 'The token of the link.', example: 'tfl_…' })
  @IsString()
  readonly token!: string;

  @CallbackUrl('Where to send the browser afterwards; with `?error=…` in vain.')
  readonly callbackURL?: string;
}

export class VerifyEmailResponse {
  @ApiProperty({ example: true })
  readonly status!: boolean;

  @ApiProperty({
    type: 'null',
    description: 'Always null: a link does not reveal the account.',
    example: null,
  })
  readonly user!: null;
}

export class ChangeEmailRequest {
  @ApiProperty({ description: 'The address to use from now on.', example: 'ada@example.org', format: 'email' })
  @IsEmailAddress()
  readonly newEmail!: string;

  @CallbackUrl('Where the link leads in the end.')
  readonly callbackURL?: string;
}
