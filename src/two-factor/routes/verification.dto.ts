import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsString } from 'class-validator';
import type { HttpExchange } from './http-exchange.js';
import type { UserView } from '../ports/account-directory.js';
import type { IssuedSession } from '../ports/session-gateway.js';
import { OptionalField } from './optional-field.js';

/** Members of every verify-* body. */
export class VerificationRequest {
  @ApiProperty({ description: 'The otp code to verify', example: '012345' })
  @IsString()
  code!: string;

  @ApiPropertyOptional({
    description:
      "If true, the device will be trusted for 30 days. It'll be refreshed on every sign in request within this time.",
    nullable: true,
    type: 'boolean',
  })
  @OptionalField()
  @IsBoolean()
  trustDevice?: boolean;
}

/** A body to try: with `trustDevice` the next sign-in would skip the challenge that a reader wants to see. */
export const CODE_EXAMPLE = { code: { summary: 'The code alone', value: { code: '012345' } } };

/** The account as its owner sees it. */
export class UserResponse {
  @ApiProperty({ description: 'Unique identifier of the user', example: '5b0ef6ce-1f1c-4c43-9d1a-0a3ab0d5f9b8' })
  id!: string;

  @ApiProperty({ description: "User's email address", format: 'email', example: 'ada@example.com' })
  email!: string;

  @ApiProperty({ description: 'Whether the email is verified', example: true })
  emailVerified!: boolean;

  @ApiProperty({ description: "User's name", example: 'Ada' })
  name!: string;

  @ApiProperty({
    description: "User's profile image URL",
    type: 'string',
    format: 'uri',
    nullable: true,
    example: 'https://example.com/ada.png',
  })
  image!: string | null;

  @ApiProperty({ description: 'Whether two-factor authentication is enabled for the user', example: true })
  twoFactorEnabled!: boolean;

  @ApiProperty({ description: 'When the user was created', format: 'date-time', example: '2026-08-24T14:15:22.000Z' })
  createdAt!: Date;

  @ApiProperty({
    description: 'When the user was last updated',
    format: 'date-time',
    example: '2026-08-24T14:15:22.000Z',
  })
  updatedAt!: Date;
}

/** A session opened or lifted by a second factor. */
export interface Verified extends IssuedSession {
  /** For callers without cookies that wanted their device to be trusted. */
  readonly trustedDeviceToken?: string;
}

/** The part of it that every verify-* answers. */
export function answerOf(verified: Verified, exchange: HttpExchange): VerificationResponse {
  const { trustedDeviceToken, user } = verified;
  const token = exchange.tokenInBody(verified);
  return { status: true, token, ...(trustedDeviceToken !== undefined && { trustedDeviceToken }), user };
}

/** The session that a verification opened or lifted. */
export class SessionResponse {
  @ApiProperty({ description: 'The same as `token` beside it', example: 'tfs_…' })
  token!: string;

  @ApiProperty({ description: 'ID of the user', example: '5b0ef6ce-1f1c-4c43-9d1a-0a3ab0d5f9b8' })
  userId!: string;

  @ApiProperty({ description: 'When the session began', format: 'date-time', example: '2026-08-24T14:15:22.000Z' })
  createdAt!: Date;

  @ApiProperty({ description: 'When the session expires', format: 'date-time', example: '2026-08-31T14:15:22.000Z' })
  expiresAt!: Date;
}

/** How answers document the member that cookie-less clients get a device token in. */
export const TRUSTED_DEVICE_TOKEN = {
  description:
    'For clients without cookies, with `trustDevice`: goes as header `X-Trusted-Device` to the next sign-in, which answers the next one',
  example: 'tfd_…',
};

/** How answers document a token that a page must not read. */
export const TOKEN_BEHIND_COOKIE =
  'A caller that is signed in by its cookie gets the id of the session instead, which opens nothing: the cookie carries the token.';

export class VerificationResponse {
  @ApiProperty({ description: 'The code was right', example: true })
  status!: boolean;

  @ApiProperty({
    description: `The session's new token; the old one is dead. ${TOKEN_BEHIND_COOKIE}`,
    example: 'tfs_…',
  })
  token!: string;

  @ApiPropertyOptional(TRUSTED_DEVICE_TOKEN)
  trustedDeviceToken?: string;

  @ApiProperty({ type: UserResponse })
  user!: UserView;
}
