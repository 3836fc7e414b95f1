import { ApiHideProperty, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, IsOptional, IsString, ValidateIf } from 'class-validator';
import { CallbackUrl } from '../links/callback-url.dto.js';
import { IMAGE_LENGTH, IsImageUrl, IsUserName, NAME_LENGTH } from '../users/user-fields.js';

export class UpdateUserRequest {
  @ApiPropertyOptional({ description: 'Display name of the user.', example: 'Ada King', maxLength: NAME_LENGTH })
  @ValidateIf((_, value) => value !== undefined)
  @IsUserName()
  readonly name?: string;

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    description: 'URL of a picture of the user. Send null to remove it.',
    example: 'https://example.com/ada.png',
    format: 'uri',
    maxLength: IMAGE_LENGTH,
  })
  @IsOptional()
  @IsImageUrl()
  readonly image?: string | null;

  /** Always rejected: Better Auth's client has an error for it. */
  @ApiHideProperty()
  @Allow()
  readonly email?: unknown;
}

export class DeleteUserRequest {
  @ApiProperty({ description: 'Password of the signed-in user.', example: 'correct horse battery staple' })
  @IsString()
  readonly password!: string;

  @CallbackUrl('Validated, but has no effect: the account is deleted at once, without a link.')
  readonly callbackURL?: string;
}

export class DeleteUserResponse {
  @ApiProperty({ example: true })
  readonly success!: boolean;

  @ApiProperty({ example: 'User deleted' })
  readonly message!: string;
}

/** A way to sign in. */
export class LinkedAccountResponse {
  @ApiProperty({ format: 'uuid', example: '4d2c7b7e-6c1a-4c36-9a51-0d5f3a1b7a11' })
  readonly id!: string;

  @ApiProperty({ description: 'Always `credential`: address and password.', example: 'credential' })
  readonly providerId!: string;

  @ApiProperty({ format: 'uuid', example: '4d2c7b7e-6c1a-4c36-9a51-0d5f3a1b7a11' })
  readonly accountId!: string;

  @ApiProperty({ format: 'uuid', example: '4d2c7b7e-6c1a-4c36-9a51-0d5f3a1b7a11' })
  readonly userId!: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-08-24T14:15:22.000Z' })
  readonly createdAt!: Date;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-08-24T14:15:22.000Z' })
  readonly updatedAt!: Date;

  @ApiProperty({ type: [String], example: [] })
  readonly scopes!: readonly string[];
}
