import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags, ApiUnprocessableEntityResponse } from '@nestjs/swagger';
import {
  ApiErrorAnswers,
  CurrentExchange,
  type HttpExchange,
  OriginGuard,
  TwoFactorValidationPipe,
} from '../../two-factor/index.js';
import { SignInAnswer, SignInDto, SignUpAnswer, SignUpDto } from './sign-in.dto.js';
import { SignInService } from './sign-in.service.js';

@ApiTags('Accounts')
@ApiErrorAnswers()
@UseGuards(OriginGuard)
@Controller()
export class SignInController {
  constructor(private readonly service: SignInService) {}

  @Post('sign-up/email')
  @HttpCode(200)
  @ApiOperation({ summary: 'Opens an account and signs it in', operationId: 'signUpEmail' })
  @ApiOkResponse({ type: SignUpAnswer })
  @ApiUnprocessableEntityResponse({ description: 'The address has an account already.' })
  signUp(@Body(TwoFactorValidationPipe) body: SignUpDto, @CurrentExchange() exchange: HttpExchange) {
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
  signIn(@Body(TwoFactorValidationPipe) body: SignInDto, @CurrentExchange() exchange: HttpExchange) {
    return this.service.signIn(body, exchange);
  }
}
