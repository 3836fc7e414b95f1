import { Body, Controller, HttpCode, Post, UseFilters, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags, ApiUnprocessableEntityResponse } from '@nestjs/swagger';
import {
  ApiErrorAnswers,
  CurrentExchange,
  ErrorAnswer,
  type HttpExchange,
  OriginGuard,
  TwoFactorExceptionFilter,
  TwoFactorValidationPipe,
} from '../../two-factor/index.js';
import { SignInAnswer, SignInBody, SignUpAnswer, SignUpBody } from './sign-in.dto.js';
import { SignInService } from './sign-in.service.js';

@ApiTags('Accounts')
@ApiErrorAnswers()
@UseFilters(TwoFactorExceptionFilter)
@UseGuards(OriginGuard)
@Controller()
export class SignInController {
  constructor(private readonly service: SignInService) {}

  @Post('sign-up/email')
  @HttpCode(200)
  @ApiOperation({ summary: 'Opens an account and signs it in', operationId: 'signUpEmail' })
  @ApiOkResponse({ type: SignUpAnswer })
  @ApiUnprocessableEntityResponse({ description: 'The address has an account already', type: ErrorAnswer })
  signUp(@Body(TwoFactorValidationPipe) body: SignUpBody, @CurrentExchange() exchange: HttpExchange) {
    return this.service.signUp(body, exchange);
  }

  @Post('sign-in/email')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Signs in with address and password',
    description: 'Answers a session, or a challenge when the account has two-factor authentication on.',
    operationId: 'signInEmail',
  })
  @ApiOkResponse({ type: SignInAnswer })
  signIn(@Body(TwoFactorValidationPipe) body: SignInBody, @CurrentExchange() exchange: HttpExchange) {
    return this.service.signIn(body, exchange);
  }
}
