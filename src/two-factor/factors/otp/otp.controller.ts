import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import type { Prover } from '../../challenge/caller.js';
import type { HttpExchange } from '../../routes/http-exchange.js';
import { AcceptsChallenge, CurrentCaller, CurrentExchange } from '../../routes/two-factor.decorators.js';
import { ApiAuthenticated } from '../../routes/two-factor.openapi.js';
import { TwoFactorRoutes } from '../../routes/two-factor.routes.js';
import {
  CODE_EXAMPLE,
  VerificationRequest,
  VerificationResponse,
  verificationResponse,
} from '../../routes/verification.dto.js';
import { VerificationService } from '../../verification/verification.service.js';
import { OtpSenderService } from './otp-sender.service.js';
import { OtpSentResponse, SEND_OTP_EXAMPLES, SendOtpRequest } from './otp.dto.js';
import { OtpFactor } from './otp.factor.js';

/** The routes of codes that are sent. */
@TwoFactorRoutes()
@Controller('two-factor')
export class OtpController {
  constructor(
    protected readonly otp: OtpFactor,
    protected readonly sender: OtpSenderService,
    protected readonly verification: VerificationService,
  ) {}

  @Post('send-otp')
  @HttpCode(200)
  @AcceptsChallenge()
  @ApiAuthenticated({
    id: 'sendOtp',
    summary: 'Send two factor OTP',
    description:
      'Sends a code to the account by mail or text message; within its five minutes the same one again. Answers 400 `OTP_NOT_CONFIGURED` where no way of sending is configured.',
    response: OtpSentResponse,
    errors: [
      'OTP_NOT_CONFIGURED',
      'OTP_NOT_ENABLED',
      'INVALID_TWO_FACTOR_COOKIE',
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
      'TOO_MANY_REQUESTS',
    ],
  })
  @ApiBody({ type: SendOtpRequest, required: false, examples: SEND_OTP_EXAMPLES })
  async sendOtp(
    @CurrentCaller() caller: Prover,
    @Body() { channel }: SendOtpRequest,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<OtpSentResponse> {
    return { status: true, ...(await this.sender.send(caller, request, channel)) };
  }

  @Post('verify-otp')
  @HttpCode(200)
  @AcceptsChallenge()
  @ApiAuthenticated({
    id: 'verifyOtp',
    summary: 'Verify two factor OTP',
    description:
      'Finishes a sign-in or lifts a session by a code that was sent. Answers 400 `OTP_NOT_CONFIGURED` where no way of sending is configured.',
    response: VerificationResponse,
    errors: [
      'INVALID_CODE',
      'OTP_NOT_CONFIGURED',
      'OTP_HAS_EXPIRED',
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
      'INVALID_TWO_FACTOR_COOKIE',
      'ACCOUNT_TEMPORARILY_LOCKED',
    ],
    newToken: true,
  })
  @ApiBody({ type: VerificationRequest, examples: CODE_EXAMPLE })
  async verifyOtp(
    @CurrentCaller() caller: Prover,
    @Body() { code, trustDevice }: VerificationRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<VerificationResponse> {
    const { request } = exchange;
    const verified = await this.verification.verify(this.otp, { caller, attempt: code, request, trustDevice });
    return verificationResponse(exchange, verified);
  }
}
