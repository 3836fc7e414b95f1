import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { TwoFactorMethod } from '../challenge/challenge.service.js';
import type { Channel } from '../messages/message.js';

export class OtpDestinationResponse {
  @ApiProperty({ description: 'The way a code takes', enum: ['mail', 'sms'], example: 'mail' })
  channel!: Channel;

  @ApiProperty({ description: 'Where it goes, masked', example: 'j•••@e•••.com' })
  destination!: string;
}

/** How the second factor of the caller's account stands. */
export class TwoFactorStatusResponse {
  @ApiProperty({ description: 'Whether two-factor is on', example: true })
  enabled!: boolean;

  @ApiProperty({
    description: 'What a sign-in can be finished with now, beside backup codes; the preferred method first',
    enum: ['totp', 'otp'],
    isArray: true,
    example: ['totp', 'otp'],
  })
  methods!: readonly TwoFactorMethod[];

  @ApiPropertyOptional({ description: 'The first of them', enum: ['totp', 'otp'], example: 'totp' })
  preferred?: TwoFactorMethod;

  @ApiProperty({ description: 'Where `send-otp` can send a code', type: [OtpDestinationResponse] })
  otpDestinations!: readonly OtpDestinationResponse[];

  @ApiProperty({ description: 'Unused backup codes', example: 10 })
  backupCodesLeft!: number;

  @ApiProperty({ description: 'Devices that sign in by password alone', example: 1 })
  trustedDevices!: number;

  @ApiProperty({ description: 'Whether this session is strong enough for sensitive calls', example: true })
  strong!: boolean;

  @ApiProperty({ description: 'Whether codes are refused on this session after too many wrong ones', example: false })
  locked!: boolean;

  @ApiProperty({
    description: 'Seconds until they are accepted again; an operator may have to help',
    type: 'integer',
    nullable: true,
    example: null,
  })
  lockedFor!: number | null;
}
