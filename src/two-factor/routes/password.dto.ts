import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

/** The owner's password, asked for again before anything sensitive. */
export class PasswordRequest {
  @ApiProperty({ description: 'User password', example: 'correct horse battery staple' })
  @IsString()
  password!: string;
}

export const PASSWORD_EXAMPLE = 'correct horse battery staple';
