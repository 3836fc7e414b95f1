import { ApiProperty } from '@nestjs/swagger';

/** Documents a token that a page must not read. */
export const TOKEN_BEHIND_COOKIE =
  'A client that sends cookies gets the session id instead, which does not sign in: the cookie carries the token.';

/** A session as its user sees it. */
export class AccountSessionResponse {
  @ApiProperty({ format: 'uuid', example: '0c0f6a52-8b0e-4f6c-8a39-2c7b5f0f9d22' })
  readonly id!: string;

  @ApiProperty({
    description:
      'The bearer token of the request. With a cookie, and in a list, it is the session id: send it to `/revoke-session`; it does not sign in.',
    example: '0c0f6a52-8b0e-4f6c-8a39-2c7b5f0f9d22',
  })
  readonly token!: string;

  @ApiProperty({ format: 'uuid', example: '4d2c7b7e-6c1a-4c36-9a51-0d5f3a1b7a11' })
  readonly userId!: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-08-24T14:15:22.000Z' })
  readonly createdAt!: Date;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-08-24T14:15:22.000Z' })
  readonly updatedAt!: Date;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    description: 'When the session ends unless it is used before.',
    example: '2026-08-31T14:15:22.000Z',
  })
  readonly expiresAt!: Date;

  @ApiProperty({ type: 'string', nullable: true, example: '192.0.2.7' })
  readonly ipAddress!: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'Mozilla/5.0' })
  readonly userAgent!: string | null;

  @ApiProperty({
    description: 'Authentication methods by RFC 8176: `pwd`, and with a second factor `otp` or `sms`, and `mfa`.',
    type: [String],
    example: ['pwd', 'otp', 'mfa'],
  })
  readonly amr!: readonly string[];

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'When the session last proved a second factor.',
    example: '2026-08-24T14:15:22.000Z',
  })
  readonly secondFactorAt!: Date | null;
}

/** A session in a list. */
export class ListedSessionResponse extends AccountSessionResponse {
  @ApiProperty({
    description: 'Browser and system that opened the session, by its `User-Agent`.',
    example: 'Firefox on Linux',
  })
  readonly device!: string;

  @ApiProperty({
    description: 'Whether the session may make sensitive calls: its second factor is recent.',
    example: true,
  })
  readonly strong!: boolean;
}

/** Success, also when there was nothing to do. */
export class StatusResponse {
  @ApiProperty({ example: true })
  readonly status!: boolean;
}
