import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { UserResponse } from '../../two-factor/index.js';
import { TOKEN_BEHIND_COOKIE } from '../shared-responses.dto.js';
import { IMAGE_LENGTH, IsImageUrl, IsUserName, NAME_LENGTH } from '../users/user-fields.js';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../passwords/password-policy.js';
import { CallbackUrl } from '../links/callback-url.dto.js';
import { IsEmailAddress } from '../users/email-address.js';

/** As JSON Schema says it: some readers of documents know no classes such as `\\p{Cc}`. */
const NO_CONTROLS = String.raw`^[^\u0000-\u001f\u007f-\u009f]*$`;

export class SignUpRequest {
  @ApiProperty({
    description: 'How the user is called.',
    example: 'Ada Lovelace',
    maxLength: NAME_LENGTH,
    pattern: NO_CONTROLS,
  })
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
    nullable: true,
    type: 'string',
  })
  @IsOptional()
  @IsImageUrl()
  readonly image?: string;

  @ApiPropertyOptional({
    description: 'True when absent. False: the session ends with the browser, or after a day.',
    nullable: true,
    type: 'boolean',
  })
  @IsOptional()
  @IsBoolean()
  readonly rememberMe?: boolean;

  @CallbackUrl('Checked, and of no effect: sign-up sends no browser on, and mails no link.')
  readonly callbackURL?: string;
}

export class SignInRequest {
  @ApiProperty({ description: 'The address that was signed up with.', example: 'ada@example.com', format: 'email' })
  @IsString()
  readonly email!: string;

  @ApiProperty({ example: 'correct horse battery staple' })
  @IsString()
  readonly password!: string;

  @ApiPropertyOptional({
    description:
      'True when absent. False: the session ends with the browser, or after a day. Kept through the second factor.',
    nullable: true,
    type: 'boolean',
  })
  @IsOptional()
  @IsBoolean()
  readonly rememberMe?: boolean;

  @CallbackUrl('Where to go once signed in: comes back as `url` and `Location`.')
  readonly callbackURL?: string;
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

export class SignUpResponse {
  @ApiProperty({ description: `The session token. ${TOKEN_BEHIND_COOKIE}`, example: 'tfs_Zk0…' })
  readonly token!: string;

  @ApiProperty()
  readonly user!: UserResponse;
}

/** A session. */
export class SignedInResponse {
  @ApiProperty({ description: 'Whether to go to `url` now.', example: false })
  readonly redirect!: boolean;

  @ApiPropertyOptional({ description: 'The `callbackURL`, where one was sent.', example: 'http://localhost:3001/docs' })
  readonly url?: string;

  @ApiProperty({ description: `The session token. ${TOKEN_BEHIND_COOKIE}`, example: 'tfs_…' })
  readonly token!: string;

  @ApiPropertyOptional({
    description:
      'For clients without cookies that sent `X-Trusted-Device`: the token to send the next time. The one that was sent is spent.',
    example: 'tfd_…',
  })
  readonly trustedDeviceToken?: string;

  @ApiProperty()
  readonly user!: UserResponse;

  @ApiPropertyOptional({
    description: 'Absent: declared so that `twoFactorRedirect` tells the two answers apart in typed clients.',
    type: 'boolean',
    enum: [false],
  })
  readonly twoFactorRedirect?: false;
}

/** A challenge: the account has two-factor on, and no session was opened. */
export class SignInChallengeResponse {
  @ApiProperty({ description: 'A second factor is needed.', type: 'boolean', enum: [true], example: true })
  readonly twoFactorRedirect!: true;

  @ApiProperty({
    description: 'The second factors that this account can use now, the preferred one first.',
    enum: ['totp', 'otp'],
    isArray: true,
    example: ['totp'],
  })
  readonly twoFactorMethods!: readonly string[];

  @ApiProperty({
    description: 'The challenge, for clients without cookies: goes as bearer token to `/two-factor/verify-*`.',
    example: 'tfc_…',
  })
  readonly twoFactorToken!: string;
}

/** Either a session, or what else is needed before one is opened. */
export type SignInResponse = SignedInResponse | SignInChallengeResponse;

const TO_VERIFY = 'Finishes the sign-in: send `twoFactorToken` as bearer token, or the cookie that came along.';

/** Where a challenge leads. */
export const SIGN_IN_LINKS = {
  verifyTotp: { operationId: 'verifyTotp', description: `${TO_VERIFY} With a code of an authenticator app.` },
  sendOtp: { operationId: 'sendOtp', description: 'Sends a code by mail or SMS. The challenge is the credential.' },
  verifyOtp: { operationId: 'verifyOtp', description: `${TO_VERIFY} With a code that was sent.` },
  verifyBackupCode: { operationId: 'verifyBackupCode', description: `${TO_VERIFY} With a backup code.` },
};
