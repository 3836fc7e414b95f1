import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import type { Channel } from '../../messages/message.js';
import { OptionalField } from '../../routes/optional-field.js';

export class SendOtpRequest {
  @ApiPropertyOptional({
    description: 'The way to send the code; without it the one that the account prefers',
    enum: ['mail', 'sms', null],
    nullable: true,
  })
  @OptionalField()
  @IsIn(['mail', 'sms'])
  channel?: Channel;
}

/** Bodies to try. */
export const SEND_OTP_EXAMPLES = {
  preferred: { summary: 'The channel that the account prefers', value: {} },
  mail: { summary: 'Mail', value: { channel: 'mail' } },
  SMS: { summary: 'SMS', value: { channel: 'sms' } },
};

export class OtpSentResponse {
  @ApiProperty({ description: 'A code is on its way', example: true })
  status!: boolean;

  @ApiPropertyOptional({ description: 'The way it takes', enum: ['mail', 'sms'], example: 'mail' })
  channel?: Channel;

  @ApiPropertyOptional({ description: 'Where it goes, masked', example: 'j•••@e•••.com' })
  destination?: string;
}
