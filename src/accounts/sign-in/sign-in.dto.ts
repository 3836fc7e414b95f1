import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, IsUrl, Matches, MaxLength } from 'class-validator';
import { UserAnswer } from '../../two-factor/index.js';
import { TOKEN_BEHIND_COOKIE } from '../answers.js';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../passwords/password-policy.js';
import { IsEmailAddress } from '../users/email-address.js';

const NAME_LENGTH = 200;
const IMAGE_LENGTH = 2048;

export class SignUpBody {
  @ApiProperty({ description: 'How the user is called.', example: 'Ada Lovelace', maxLength: NAME_LENGTH })
  @IsString()
  @MaxLength(NAME_LENGTH)
  @Matches(/^[^\p{Control}\p{Surrogate}]*$/u, { message: '$property must not contain control characters' })
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
  @IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false })
  @MaxLength(IMAGE_LENGTH)
  readonly image?: string;

  @ApiPropertyOptional({ description: 'False: the session ends with the browser, or after a day.', default: true })
  @IsOptional()
  @IsBoolean()
  readonly rememberMe?: boolean;
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
}

const CREDENTIALS = { email: 'ada@example.com', password: 'correct horse battery staple' };

/** A body to try. */
export const SIGN_UP_EXAMPLE = {
  account: { summary: 'An account', value: { name: 'Ada Lovelace', ...CREDENTIALS } },
};

/** A body to try. */
export const SIGN_IN_EXAMPLE = { credentials: { summary: 'Address and password', value: CREDENTIALS } };

const USER = {
  id: '5b0ef6ce-1f1c-4c43-9d1a-0a3ab0d5f9b8',
  email: CREDENTIALS.email,
  emailVerified: false,
  name: 'Ada Lovelace',
  image: null,
  twoFactorEnabled: false,
  createdAt: '2026-08-24T14:15:22.000Z',
  updatedAt: '2026-08-24T14:15:22.000Z',
};

/** What a program without cookies gets. */
export const SIGN_UP_ANSWERS = {
  session: { summary: 'The account and its first session', value: { token: 'tfs_…', user: USER } },
};

/** The two answers to a right password. */
export const SIGN_IN_ANSWERS = {
  session: { summary: 'A session', value: { redirect: false, token: 'tfs_…', user: USER } },
  challenge: {
    summary: 'A challenge: two-factor is on',
    value: { twoFactorRedirect: true, twoFactorMethods: ['totp'], twoFactorToken: 'tfc_…' },
  },
};

export class SignUpAnswer {
  @ApiProperty({ description: `The session token. ${TOKEN_BEHIND_COOKIE}`, example: 'tfs_Zk0…' })
  readonly token!: string;

  @ApiProperty()
  readonly user!: UserAnswer;
}

/** Either a session, or what else is needed before one is opened. */
export class SignInAnswer {
  @ApiPropertyOptional({ description: 'Always false.', example: false })
  readonly redirect?: boolean;

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
