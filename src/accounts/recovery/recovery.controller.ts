import { Body, Controller, Get, HttpCode, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  ApiErrorResponses,
  CurrentExchange,
  type HttpExchange,
  OriginGuard,
  TwoFactorValidationPipe,
} from '../../two-factor/index.js';
import { ACCOUNTS_ERRORS } from '../accounts.errors.js';
import { StatusResponse } from '../shared-responses.dto.js';
import { AccountUrls } from '../links/account-urls.js';
import { ApiSendsOn, sendOn } from '../links/send-on.js';
import {
  RequestPasswordResetResponse,
  RequestPasswordResetRequest,
  ResetPasswordRequest,
  ResetPasswordQuery,
} from './recovery.dto.js';
import { RecoveryService } from './recovery.service.js';

const {
  INVALID_TOKEN,
  INVALID_CALLBACK_URL,
  INVALID_REDIRECT_URL,
  PASSWORD_TOO_SHORT,
  PASSWORD_TOO_LONG,
  RESET_PASSWORD_DISABLED,
} = ACCOUNTS_ERRORS;

const DONE: StatusResponse = { status: true };

@ApiTags('Accounts')
@UseGuards(OriginGuard)
@Controller()
export class RecoveryController {
  constructor(
    private readonly service: RecoveryService,
    private readonly urls: AccountUrls,
  ) {}

  @Post('request-password-reset')
  @HttpCode(200)
  @ApiBody({
    type: RequestPasswordResetRequest,
    examples: { address: { summary: 'An address', value: { email: 'ada@example.com' } } },
  })
  @ApiOperation({
    summary: 'Mails a link that resets the password',
    description:
      'The link works once, within an hour. An unknown address gets the same response and no mail. An address gets at most three links at once, then one an hour.',
    operationId: 'requestPasswordReset',
    security: [],
  })
  @ApiOkResponse({ description: 'Asked for', type: RequestPasswordResetResponse })
  @ApiErrorResponses({ RESET_PASSWORD_DISABLED, INVALID_REDIRECT_URL }, { credential: false })
  request(@Body(TwoFactorValidationPipe) body: RequestPasswordResetRequest, @CurrentExchange() exchange: HttpExchange) {
    return this.service.request(body, exchange);
  }

  @Get('reset-password/:token')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Redirects from the mailed link to the reset page',
    description: 'Changes nothing. Redirects the browser to the page that asks for the new password.',
    operationId: 'resetPasswordCallback',
    security: [],
  })
  @ApiParam({ name: 'token', description: 'The token of the link.', example: 'tfl_…' })
  @ApiSendsOn()
  @ApiOkResponse({ description: 'The link is valid and has no redirect', type: StatusResponse })
  @ApiErrorResponses({ INVALID_TOKEN, INVALID_CALLBACK_URL }, { credential: false })
  open(
    @Param('token') token: string,
    @Query(TwoFactorValidationPipe) query: ResetPasswordQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const callback = this.urls.callback(query.callbackURL);
    return sendOn(
      reply,
      callback,
      async () => {
        await this.service.requireLink(token);
        return DONE;
      },
      { token },
    );
  }

  @Post('reset-password')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sets a new password by the token of a mailed link',
    description:
      'Ends all sessions, open challenges, staged factors and trusted devices. Opens no session and keeps two-factor on: sign in with the new password and the second factor.',
    operationId: 'resetPassword',
    security: [],
  })
  @ApiOkResponse({ description: 'The password is changed', type: StatusResponse })
  @ApiErrorResponses({ INVALID_TOKEN, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG }, { credential: false })
  async reset(
    @Body(TwoFactorValidationPipe) body: ResetPasswordRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<StatusResponse> {
    await this.service.reset(body, exchange);
    return DONE;
  }
}
