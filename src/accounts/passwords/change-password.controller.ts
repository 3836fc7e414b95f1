import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
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
import { ACCOUNTS_ERRORS } from '../accounts.errors.js';
import type { AccountSession } from '../sessions/session-row.js';
import { CHANGE_PASSWORD_EXAMPLE, ChangePasswordResponse, ChangePasswordRequest } from './change-password.dto.js';
import { ChangePasswordService } from './change-password.service.js';

const { PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG } = ACCOUNTS_ERRORS;
const { INVALID_PASSWORD, SECOND_FACTOR_REQUIRED } = TWO_FACTOR_ERRORS;

@ApiTags('Accounts')
@ApiBearerAuth(BEARER_AUTH)
@UseGuards(TwoFactorGuard)
@Controller()
export class ChangePasswordController {
  constructor(private readonly service: ChangePasswordService) {}

  @Post('change-password')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Changes the password',
    description:
      'Ends all other sessions, open challenges, staged factors and trusted devices. This session gets a new token: store it. Requires a recent second factor once two-factor is on.',
    operationId: 'changePassword',
  })
  @ApiBody({ type: ChangePasswordRequest, examples: CHANGE_PASSWORD_EXAMPLE })
  @ApiOkResponse({ description: 'The password is changed', type: ChangePasswordResponse })
  @ApiErrorResponses({ INVALID_PASSWORD, SECOND_FACTOR_REQUIRED, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG })
  change(
    @Body(TwoFactorValidationPipe) body: ChangePasswordRequest,
    @CurrentSession() session: AccountSession,
    @CurrentExchange() exchange: HttpExchange,
  ) {
    return this.service.change(body, session, exchange);
  }
}
