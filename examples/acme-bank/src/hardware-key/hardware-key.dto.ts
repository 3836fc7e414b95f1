import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import { PasswordRequest, VerificationRequest } from 'nestjs-two-factor';

export class RegisterRequest extends PasswordRequest {
  @ApiProperty({ description: 'What to call the key', example: 'Blue key', maxLength: 64 })
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  label!: string;
}

export class RegisterResponse {
  @ApiProperty({ description: "The key's secret in base64url, shown this once" })
  secret!: string;

  @ApiPropertyOptional({
    description: 'With the first factor of an account: codes for the day when the key is lost',
    type: [String],
  })
  backupCodes?: string[];
}

export class NonceResponse {
  @ApiProperty({ description: 'What to sign, in base64url. It is good once and for five minutes' })
  nonce!: string;
}

export class ResponseRequest extends PickType(VerificationRequest, ['trustDevice']) {
  @ApiProperty({ description: 'HMAC-SHA-256 of the bytes of the nonce with the secret of the key, in lower-case hex' })
  @IsString()
  response!: string;
}

export class HardwareKeyStatusResponse {
  @ApiProperty({ description: 'What the hardware key is called', type: 'string', nullable: true, example: 'Blue key' })
  hardwareKey!: string | null;
}
