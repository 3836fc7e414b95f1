import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import {
  ApiErrorResponses,
  BEARER_AUTH,
  CurrentExchange,
  CurrentSession,
  type HttpExchange,
  TWO_FACTOR_ERRORS,
  TwoFactorGuard,
  TwoFactorValidationPipe,
} from '../../two-factor/index.js';
import { StatusResponse } from '../shared-responses.dto.js';
import type { AccountSession } from '../sessions/session-row.js';
import { OwnPassword } from './own-password.service.js';

const { INVALID_PASSWORD } = TWO_FACTOR_ERRORS;

class VerifyPasswordRequest {
  @ApiProperty({ description: 'Password of the signed-in user.', example: 'correct horse battery staple' })
  @IsString()
  readonly password!: string;
}

@ApiTags('Accounts')
@ApiBearerAuth(BEARER_AUTH)
@UseGuards(TwoFactorGuard)
@Controller()
export class VerifyPasswordController {
  constructor(private readonly password: OwnPassword) {}

  @Post('verify-password')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Checks the password of the signed-in user',
    description:
      'Changes nothing, and does not make the session stronger. Wrong passwords count as those at sign-in do.',
    operationId: 'verifyPassword',
  })
  @ApiOkResponse({ description: 'The password is right', type: StatusResponse })
  @ApiErrorResponses({ INVALID_PASSWORD })
  async verify(
    @Body(TwoFactorValidationPipe) body: VerifyPasswordRequest,
    @CurrentSession() session: AccountSession,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<StatusResponse> {
    await this.password.require(session, body.password, exchange);
    return { status: true };
  }
}
