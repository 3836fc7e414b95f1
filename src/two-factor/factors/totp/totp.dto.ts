import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsNotEmpty, IsString, Matches, MaxLength } from 'class-validator';
import { OptionalField } from '../../routes/optional-field.js';

const URI_EXAMPLE =
  'otpauth://totp/Acme:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=6&period=30';

export class TotpEnrolmentRequest {
  @ApiPropertyOptional({
    description: 'Custom issuer for the TOTP URI',
    example: 'Acme',
    minLength: 1,
    maxLength: 64,
    pattern: String.raw`^(?=.*\S)[^:\u0000-\u001f\u007f-\u009f]*$`,
    nullable: true,
    type: 'string',
  })
  @OptionalField()
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  @Matches(/^(?=.*\S)[^:\p{Cc}\p{Cs}]*$/u, { message: 'issuer must be a name without colon or control characters' })
  issuer?: string;
}

export class TotpEnrolmentResponse {
  @ApiPropertyOptional({
    description: 'With method `totp`: what the QR code of the authenticator app says',
    example: URI_EXAMPLE,
  })
  totpURI?: string;
}

export class TotpUriResponse {
  @ApiProperty({ description: 'What the QR code of the authenticator app says', example: URI_EXAMPLE })
  totpURI!: string;
}
