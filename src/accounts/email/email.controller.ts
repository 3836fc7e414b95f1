import { Body, Controller, Get, HttpCode, Post, Query, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  Accepts,
  ApiErrorResponses,
  BEARER_AUTH,
  CurrentExchange,
  CurrentSession,
  type HttpExchange,
  OriginGuard,
  TWO_FACTOR_ERRORS,
  TwoFactorGuard,
  TwoFactorValidationPipe,
} from '../../two-factor/index.js';
import { ACCOUNTS_ERRORS } from '../accounts.errors.js';
import { StatusResponse } from '../shared-responses.dto.js';
import { AccountUrls } from '../links/account-urls.js';
import { ApiSendsOn, sendOn } from '../links/send-on.js';
import type { AccountSession } from '../sessions/session-row.js';
import {
  ChangeEmailRequest,
  SendVerificationEmailRequest,
  VerifyEmailResponse,
  VerifyEmailQuery,
} from './email.dto.js';
import { EmailService } from './email.service.js';

const {
  CHANGE_EMAIL_DISABLED,
  EMAIL_ALREADY_VERIFIED,
  EMAIL_IS_THE_SAME,
  EMAIL_MISMATCH,
  INVALID_CALLBACK_URL,
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL,
  VERIFICATION_EMAIL_NOT_ENABLED,
} = ACCOUNTS_ERRORS;
const INVALID_TOKEN = [401, ACCOUNTS_ERRORS.INVALID_TOKEN[1]] as const;
const TOKEN_EXPIRED = [401, ACCOUNTS_ERRORS.TOKEN_EXPIRED[1]] as const;
const { SECOND_FACTOR_REQUIRED } = TWO_FACTOR_ERRORS;

const DONE: StatusResponse = { status: true };

@ApiTags('Accounts')
@Controller()
export class EmailController {
  constructor(
    private readonly service: EmailService,
    private readonly urls: AccountUrls,
  ) {}

  @Post('send-verification-email')
  @HttpCode(200)
  @ApiBody({
    type: SendVerificationEmailRequest,
    examples: { address: { summary: 'An address', value: { email: 'ada@example.com' } } },
  })
  @UseGuards(TwoFactorGuard)
  @Accepts('optional-session')
  @ApiBearerAuth(BEARER_AUTH)
  @ApiSecurity({})
  @ApiOperation({
    summary: 'Mails a link that verifies an address',
    description:
      'The link works once, within an hour. Without a session, an unknown or verified address gets the same response and no mail.',
    operationId: 'sendVerificationEmail',
  })
  @ApiOkResponse({ description: 'Asked for', type: StatusResponse })
  @ApiErrorResponses(
    {
      EMAIL_MISMATCH,
      EMAIL_ALREADY_VERIFIED,
      VERIFICATION_EMAIL_NOT_ENABLED,
      INVALID_CALLBACK_URL,
    },
    { credential: false },
  )
  async sendVerification(
    @Body(TwoFactorValidationPipe) body: SendVerificationEmailRequest,
    @CurrentSession() session: AccountSession | null,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<StatusResponse> {
    await this.service.sendVerification(body, session, exchange);
    return DONE;
  }

  @Get('verify-email')
  @HttpCode(200)
  @UseGuards(OriginGuard)
  @ApiOperation({
    summary: 'Verifies or changes an address by a mailed link',
    description: 'Opens no session. A link works once.',
    operationId: 'verifyEmail',
    security: [],
  })
  @ApiSendsOn()
  @ApiOkResponse({ description: 'The address is verified', type: VerifyEmailResponse })
  @ApiErrorResponses(
    {
      INVALID_TOKEN,
      TOKEN_EXPIRED,
      SECOND_FACTOR_REQUIRED,
      INVALID_CALLBACK_URL,
      USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL,
    },
    { credential: false },
  )
  verify(
    @Query(TwoFactorValidationPipe) query: VerifyEmailQuery,
    @CurrentExchange() exchange: HttpExchange,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const callback = this.urls.callback(query.callbackURL);
    return sendOn(reply, callback, async (): Promise<VerifyEmailResponse> => {
      await this.service.useLink(query.token, exchange);
      return { status: true, user: null };
    });
  }

  @Post('change-email')
  @HttpCode(200)
  @ApiBody({
    type: ChangeEmailRequest,
    examples: { address: { summary: 'The new address', value: { newEmail: 'ada.king@example.com' } } },
  })
  @UseGuards(TwoFactorGuard)
  @ApiBearerAuth(BEARER_AUTH)
  @ApiOperation({
    summary: 'Mails a link that changes the address of the account',
    description:
      'Open the link within an hour to change the address. The link stops working when this session ends or the password changes. The old address gets a notice. Requires a recent second factor once two-factor is on. A taken address gets the same response and no mail.',
    operationId: 'changeEmail',
  })
  @ApiOkResponse({ description: 'Asked for', type: StatusResponse })
  @ApiErrorResponses({ EMAIL_IS_THE_SAME, CHANGE_EMAIL_DISABLED, SECOND_FACTOR_REQUIRED, INVALID_CALLBACK_URL })
  async change(
    @Body(TwoFactorValidationPipe) body: ChangeEmailRequest,
    @CurrentSession() session: AccountSession,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<StatusResponse> {
    await this.service.requestChange(body, session, exchange);
    return DONE;
  }
}
