import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

export class RevokeSessionRequest {
  @ApiProperty({
    description: 'The `token` of an entry of `/list-sessions`, or a session token.',
    example: '0c0f6a52-8b0e-4f6c-8a39-2c7b5f0f9d22',
  })
  @IsString()
  readonly token!: string;
}

export class SignOutResponse {
  @ApiProperty({ example: true })
  readonly success!: boolean;
}
