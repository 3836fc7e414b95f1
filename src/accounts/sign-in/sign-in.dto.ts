import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { UserResponse } from '../../two-factor/index.js';
import { TOKEN_BEHIND_COOKIE } from '../shared-responses.dto.js';
import { IMAGE_LENGTH, IsImageUrl, IsUserName, NAME_LENGTH } from '../users/user-fields.js';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../passwords/password-policy.js';
import { CallbackUrl } from '../links/callback-url.dto.js';
import { IsEmailAddress } from '../users/email-address.js';

/** A pattern in the syntax of JSON Schema: some readers do not support classes such as `\\p{Cc}`. */
const NO_CONTROLS = String.raw`^[^\u0000-\u001f\u007f-\u009f]*$`;

export class SignUpRequest {
  @ApiProperty({
    description: 'Display name of the user.',
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
    description: 'Any Unicode characters; none is cut or changed.',
    example: 'correct horse battery staple',
    minLength: PASSWORD_MIN_LENGTH,
    maxLength: PASSWORD_MAX_LENGTH,
  })
  @IsString()
  readonly password!: string;

  @ApiPropertyOptional({
    description: 'URL of a picture of the user.',
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
    description: 'Default true. Send false for a session that ends with the browser, or after one day.',
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
  @ApiProperty({ description: 'The address of the account.', example: 'ada@example.com', format: 'email' })
  @IsString()
  readonly email!: string;

  @ApiProperty({ example: 'correct horse battery staple' })
  @IsString()
  readonly password!: string;

  @ApiPropertyOptional({
    description:
      'Default true. Send false for a session that ends with the browser, or after one day. A challenge keeps the value.',
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

/** Example request body. */
export const SIGN_UP_EXAMPLE = {
  account: { summary: 'An account', value: { name: 'Ada Lovelace', ...CREDENTIALS } },
};

/** Example request body. */
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

/** The response to a program without cookies. */
export const SIGN_UP_ANSWERS = {
  session: { summary: 'The account and its first session', value: { token: 'tfs_…', user: USER } },
};

/** The two responses to a correct password. */
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
  @ApiProperty({ description: 'True if the client should navigate to `url`.', example: false })
  readonly redirect!: boolean;

  @ApiPropertyOptional({ description: 'The `callbackURL` of the request.', example: 'http://localhost:3001/docs' })
  readonly url?: string;

  @ApiProperty({ description: `The session token. ${TOKEN_BEHIND_COOKIE}`, example: 'tfs_…' })
  readonly token!: string;

  @ApiPropertyOptional({
    description:
      'Clients that sent `X-Trusted-Device`: store this token and send it the next time. The token that you sent no longer works.',
    example: 'tfd_…',
  })
  readonly trustedDeviceToken?: string;

  @ApiProperty()
  readonly user!: UserResponse;

  @ApiPropertyOptional({
    description: 'Always absent here. Typed clients use it to tell a session from a challenge.',
    type: 'boolean',
    enum: [false],
  })
  readonly twoFactorRedirect?: false;
}

/** A challenge: the account has two-factor on, and no session is open yet. */
export class SignInChallengeResponse {
  @ApiProperty({ description: 'The sign-in needs a second factor.', type: 'boolean', enum: [true], example: true })
  readonly twoFactorRedirect!: true;

  @ApiProperty({
    description: 'The second factors that this account can use, the preferred one first.',
    enum: ['totp', 'otp'],
    isArray: true,
    example: ['totp'],
  })
  readonly twoFactorMethods!: readonly string[];

  @ApiProperty({
    description: 'The challenge. Clients without cookies send it as bearer token to `/two-factor/verify-*`.',
    example: 'tfc_…',
  })
  readonly twoFactorToken!: string;
}

/** Either a session, or the challenge to finish before one is opened. */
export type SignInResponse = SignedInResponse | SignInChallengeResponse;

const TO_VERIFY = 'Finishes the sign-in: send `twoFactorToken` as bearer token, or the cookie that came along.';

/** OpenAPI links from a challenge to the operations that finish it. */
export const SIGN_IN_LINKS = {
  verifyTotp: { operationId: 'verifyTotp', description: `${TO_VERIFY} With a code of an authenticator app.` },
  sendOtp: { operationId: 'sendOtp', description: 'Sends a code by mail or SMS. The challenge is the credential.' },
  verifyOtp: { operationId: 'verifyOtp', description: `${TO_VERIFY} With a code from mail or SMS.` },
  verifyBackupCode: { operationId: 'verifyBackupCode', description: `${TO_VERIFY} With a backup code.` },
};
