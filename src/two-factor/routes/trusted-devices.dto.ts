import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';

const NAME_LENGTH = 100;

export class TrustedDeviceResponse {
  @ApiProperty({ format: 'uuid', example: '8f5a2f0e-3c56-4b0b-9b5c-0c3a4d1f7a55' })
  id!: string;

  @ApiProperty({ description: 'As its user agent says, or as it was renamed', example: 'Firefox on Linux' })
  name!: string;

  @ApiProperty({ description: 'When it was trusted', format: 'date-time', example: '2026-08-24T14:15:22.000Z' })
  createdAt!: Date;

  @ApiProperty({ description: 'When it last signed in', format: 'date-time', example: '2026-08-24T14:15:22.000Z' })
  lastUsedAt!: Date;

  @ApiProperty({
    description: 'When the trust ends unless it signs in before',
    format: 'date-time',
    example: '2026-09-23T14:15:22.000Z',
  })
  expiresAt!: Date;

  @ApiProperty({ description: 'Where it last signed in from', type: 'string', nullable: true, example: '192.0.2.7' })
  ipAddress!: string | null;

  @ApiProperty({ description: 'Whether this request comes from it', example: true })
  current!: boolean;
}

export class RenameDeviceRequest {
  @ApiProperty({
    description: 'How to call the device from now on',
    example: 'Kitchen tablet',
    minLength: 1,
    maxLength: NAME_LENGTH,
    pattern: String.raw`^(?=.*\S)[^\u0000-\u001f\u007f-\u009f]*$`,
  })
  @IsString()
  @Length(1, NAME_LENGTH)
  @Matches(/^(?=.*\S)[^\p{Cc}\p{Cs}]*$/u, { message: 'name must hold a letter and no control characters' })
  name!: string;
}

/** It is done. */
export class RevokedResponse {
  @ApiProperty({ description: 'The trust has ended', example: true })
  status!: boolean;
}
