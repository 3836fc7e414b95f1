import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { UserAnswer } from '../../two-factor/index.js';
import { TOKEN_BEHIND_COOKIE } from '../answers.js';
import { IMAGE_LENGTH, IsImageUrl, IsUserName, NAME_LENGTH } from '../users/user-fields.js';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../passwords/password-policy.js';
import { CallbackUrl } from '../links/callback-url.dto.js';
import { IsEmailAddress } from '../users/email-address.js';

export class SignUpBody {
  @ApiProperty({ description: 'How the user is called.', example: 'Ada Lovelace', maxLength: NAME_LENGTH })
  @IsUserName()
  readonly name!: string;

  @ApiProperty({ description: 'The address to sign in with.', example: 'ada@example.com', format: 'email' })
  @IsEmailAddress()
  readonly email!: string;

  @ApiProperty({
    description: 'Any characters, and every one counts.',
    example: 'correct horse battery staple',
    minLength: PASSWORD_MIN_LENGTH,
    maxLength: PASSWORD_MAX_LENGTH,
  })
  @IsString()
  readonly password!: string;

  @ApiPropertyOptional({
    description: 'Where a picture of the user is.',
    example: 'https://example.com/ada.png',
    format: 'uri',
    maxLength: IMAGE_LENGTH,
  })
  @IsOptional()
  @IsImageUrl()
  readonly image?: string;

  @ApiPropertyOptional({ description: 'False: the session ends with the browser, or after a day.', default: true })
  @IsOptional()
  @IsBoolean()
  readonly rememberMe?: boolean;

  @CallbackUrl('Checked, and of no effect: sign-up sends no browser on, and mails no link.')
  readonly callbackURL?: string;
}

export class SignInBody {
  @ApiProperty({ description: 'The address that was signed up with.', example: 'ada@example.com' })
  @IsString()
  readonly email!: string;

  @ApiProperty({ example: 'correct horse battery staple' })
  @IsString()
  readonly password!: string;

  @ApiPropertyOptional({
    description: 'False: the session ends with the browser, or after a day. Kept through the second factor.',
    default: true,
  })
  @IsOptional()
  @IsBoolean()
  readonly rememberMe?: boolean;

  @CallbackUrl('Where to go once signed in: comes back as `url` and `Location`.')
  readonly callbackURL?: string;
}

export class SignUpAnswer {
  @ApiProperty({ description: `The session token. ${TOKEN_BEHIND_COOKIE}`, example: 'tfs_Zk0…' })
  readonly token!: string;

  @ApiProperty()
  readonly user!: UserAnswer;
}

/** Either a session, or what else is needed before one is opened. */
export class SignInAnswer {
  @ApiPropertyOptional({ description: 'Whether to go to `url` now.', example: false })
  readonly redirect?: boolean;

  @ApiPropertyOptional({ description: 'The `callbackURL`, where one was sent.', example: 'http://localhost:3001/docs' })
  readonly url?: string;

  @ApiPropertyOptional({
    description: `The session token; absent when a second factor is needed. ${TOKEN_BEHIND_COOKIE}`,
  })
  readonly token?: string;

  @ApiPropertyOptional({
    description:
      'For clients without cookies that sent `X-Trusted-Device`: the token to send the next time. The one that was sent is spent.',
    example: 'tfd_…',
  })
  readonly trustedDeviceToken?: string;

  @ApiPropertyOptional()
  readonly user?: UserAnswer;

  @ApiPropertyOptional({ description: 'Present, and true, when a second factor is needed.', example: true })
  readonly twoFactorRedirect?: boolean;

  @ApiPropertyOptional({
    description: 'The second factors that this account can use now, the preferred one first.',
    type: [String],
    example: ['totp'],
  })
  readonly twoFactorMethods?: readonly string[];

  @ApiPropertyOptional({
    description: 'The challenge, for clients without cookies: goes as bearer token to `/two-factor/verify-*`.',
  })
  readonly twoFactorToken?: string;
}
