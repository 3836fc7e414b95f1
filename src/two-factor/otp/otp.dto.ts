import { ApiProperty } from '@nestjs/swagger';

export class OtpSentAnswer {
  @ApiProperty({ description: 'A code is on its way', example: true })
  status!: boolean;
}
