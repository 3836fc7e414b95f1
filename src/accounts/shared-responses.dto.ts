import { ApiProperty } from '@nestjs/swagger';

/** How answers document a token that a page must not read. */
export const TOKEN_BEHIND_COOKIE =
  'A caller that sends cookies gets the id of the session instead, which opens nothing: the cookie carries the token.';

/** A session with its life, as its user sees it. */
export class AccountSessionResponse {
  @ApiProperty({ format: 'uuid', example: '0c0f6a52-8b0e-4f6c-8a39-2c7b5f0f9d22' })
  readonly id!: string;

  @ApiProperty({
    description:
      'The token that the session was asked for with as bearer token. Asked for by cookie, and in a list: the id of the session, which `/revoke-session` takes and which opens nothing.',
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
    description: 'When the session ends if nobody uses it before.',
    example: '2026-08-31T14:15:22.000Z',
  })
  readonly expiresAt!: Date;

  @ApiProperty({ type: 'string', nullable: true, example: '192.0.2.7' })
  readonly ipAddress!: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'Mozilla/5.0' })
  readonly userAgent!: string | null;

  @ApiProperty({
    description: 'How it was proven, in words of RFC 8176: `pwd`, and with a second factor `otp` or `sms`, and `mfa`.',
    type: [String],
    example: ['pwd', 'otp', 'mfa'],
  })
  readonly amr!: readonly string[];

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'When the second factor was last proven on it.',
    example: '2026-08-24T14:15:22.000Z',
  })
  readonly secondFactorAt!: Date | null;
}

/** A session as a list shows it. */
export class ListedSessionResponse extends AccountSessionResponse {
  @ApiProperty({ description: 'What it was opened with, as the user agent says.', example: 'Firefox on Linux' })
  readonly device!: string;

  @ApiProperty({ description: 'Whether its second factor is young enough for sensitive calls.', example: true })
  readonly strong!: boolean;
}

/** It is done, or there was nothing to do. */
export class StatusResponse {
  @ApiProperty({ example: true })
  readonly status!: boolean;
}
