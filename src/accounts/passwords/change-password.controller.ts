import { Body, Controller, HttpCode, Post, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  ApiErrorAnswers,
  BEARER_AUTH,
  CurrentExchange,
  CurrentSession,
  type HttpExchange,
  TwoFactorGuard,
  TwoFactorExceptionFilter,
  TwoFactorValidationPipe,
} from '../../two-factor/index.js';
import type { AccountSession } from '../sessions/session-row.js';
import { ChangePasswordAnswer, ChangePasswordBody } from './change-password.dto.js';
import { ChangePasswordService } from './change-password.service.js';

@ApiTags('Accounts')
@ApiBearerAuth(BEARER_AUTH)
@ApiErrorAnswers()
@UseFilters(TwoFactorExceptionFilter)
@UseGuards(TwoFactorGuard)
@Controller()
export class ChangePasswordController {
  constructor(private readonly service: ChangePasswordService) {}

  @Post('change-password')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Changes the password',
    description:
      'Ends all other sessions, open challenges and staged factors. Needs a strong session once two-factor is on.',
    operationId: 'changePassword',
  })
  @ApiOkResponse({ type: ChangePasswordAnswer })
  change(
    @Body(TwoFactorValidationPipe) body: ChangePasswordBody,
    @CurrentSession() session: AccountSession,
    @CurrentExchange() exchange: HttpExchange,
  ) {
    return this.service.change(body, session, exchange);
  }
}
