import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import {
  ApiErrorResponses,
  CurrentExchange,
  type HttpExchange,
  OriginGuard,
  TwoFactorValidationPipe,
} from '../../two-factor/index.js';
import { ACCOUNTS_ERRORS } from '../accounts.errors.js';
import {
  SIGN_IN_ANSWERS,
  SIGN_IN_EXAMPLE,
  SIGN_UP_ANSWERS,
  SIGN_UP_EXAMPLE,
  SIGN_IN_LINKS,
  SignedInResponse,
  SignInRequest,
  SignInChallengeResponse,
  SignUpResponse,
  SignUpRequest,
} from './sign-in.dto.js';
import { SignInService } from './sign-in.service.js';

const {
  INVALID_EMAIL,
  INVALID_EMAIL_OR_PASSWORD,
  INVALID_CALLBACK_URL,
  PASSWORD_TOO_SHORT,
  PASSWORD_TOO_LONG,
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL,
} = ACCOUNTS_ERRORS;

@ApiTags('Accounts')
@UseGuards(OriginGuard)
@Controller()
export class SignInController {
  constructor(private readonly service: SignInService) {}

  @Post('sign-up/email')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Creates an account and signs it in',
    description:
      'Sets the session cookie and returns the session token. Two-factor is off until you call `/two-factor/enable`.',
    operationId: 'signUpEmail',
    security: [],
  })
  @ApiBody({ type: SignUpRequest, examples: SIGN_UP_EXAMPLE })
  @ApiOkResponse({ description: 'The account and its first session', type: SignUpResponse, examples: SIGN_UP_ANSWERS })
  @ApiErrorResponses(
    { PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_CALLBACK_URL, USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL },
    { credential: false },
  )
  signUp(@Body(TwoFactorValidationPipe) body: SignUpRequest, @CurrentExchange() exchange: HttpExchange) {
    return this.service.signUp(body, exchange);
  }

  @Post('sign-in/email')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Signs in with address and password',
    description:
      'Returns a session. If the account has two-factor on, returns a challenge: finish it with `/two-factor/verify-*`. A trusted device gets a session without a challenge, and its trust is renewed.',
    operationId: 'signInEmail',
    security: [],
  })
  @ApiHeader({
    name: 'X-Trusted-Device',
    description: 'Clients without cookies: send the latest `trustedDeviceToken` here',
    required: false,
  })
  @ApiBody({ type: SignInRequest, examples: SIGN_IN_EXAMPLE })
  @ApiExtraModels(SignedInResponse, SignInChallengeResponse)
  @ApiOkResponse({
    description: 'A session, or a challenge when `twoFactorRedirect` is present',
    content: {
      'application/json': {
        schema: {
          oneOf: [SignedInResponse, SignInChallengeResponse].map((answer) => ({ $ref: getSchemaPath(answer) })),
        },
        examples: SIGN_IN_ANSWERS,
      },
    },
    links: SIGN_IN_LINKS,
  })
  @ApiErrorResponses({ INVALID_EMAIL, INVALID_EMAIL_OR_PASSWORD, INVALID_CALLBACK_URL }, { credential: false })
  signIn(@Body(TwoFactorValidationPipe) body: SignInRequest, @CurrentExchange() exchange: HttpExchange) {
    return this.service.signIn(body, exchange);
  }
}
