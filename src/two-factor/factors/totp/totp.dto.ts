import { ApiProperty } from '@nestjs/swagger';

export class TotpUriResponse {
  @ApiProperty({
    description: 'What the QR code of the authenticator app says',
    example:
      'otpauth://totp/Acme:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=6&period=30',
  })
  totpURI!: string;
}
