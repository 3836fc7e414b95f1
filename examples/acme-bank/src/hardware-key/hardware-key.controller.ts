import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import {
  AcceptsChallenge,
  ApiAuthenticated,
  CurrentCaller,
  CurrentExchange,
  CurrentSession,
  EnrolmentService,
  TwoFactorRoutes,
  VerificationResponse,
  verificationResponse,
  VerificationService,
  type HttpExchange,
  type Prover,
  type SessionIdentity,
  type StagedFactor,
} from 'nestjs-two-factor';
import { HardwareKeyNonces } from './hardware-key-nonces.js';
import { NonceResponse, RegisterRequest, RegisterResponse, ResponseRequest } from './hardware-key.dto.js';
import { INVALID_RESPONSE, NONCE_EXPIRED, NOT_ENABLED } from './hardware-key.errors.js';
import { HardwareKeyFactor } from './hardware-key.factor.js';

/** The routes of hardware keys. */
@TwoFactorRoutes()
@Controller('two-factor/hardware-key')
export class HardwareKeyController {
  constructor(
    private readonly factor: HardwareKeyFactor,
    private readonly nonces: HardwareKeyNonces,
    private readonly enrolment: EnrolmentService,
    private readonly verification: VerificationService,
  ) {}

  @Post('register')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'registerHardwareKey',
    summary: 'Register a hardware key',
    description: 'Stages a key for this session. The first right response on the same session confirms it.',
    response: RegisterResponse,
    errors: ['INVALID_PASSWORD', 'SECOND_FACTOR_REQUIRED'],
  })
  async register(
    @CurrentSession() session: SessionIdentity,
    @Body() body: RegisterRequest,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<StagedFactor> {
    return this.enrolment.stage(this.factor, body, session, body.password, request);
  }

  @Post('nonce')
  @HttpCode(200)
  @AcceptsChallenge()
  @ApiAuthenticated({
    id: 'issueHardwareKeyNonce',
    summary: 'Get a nonce for a hardware key',
    description: 'Makes a nonce for this challenge or session. The nonce before it is dead.',
    response: NonceResponse,
    errors: [NOT_ENABLED, 'INVALID_TWO_FACTOR_COOKIE', 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE'],
  })
  async nonce(@CurrentCaller() caller: Prover): Promise<NonceResponse> {
    const nonce = await this.nonces.issue(caller);
    return { nonce: nonce.toString('base64url') };
  }

  @Post('verify')
  @HttpCode(200)
  @AcceptsChallenge()
  @ApiAuthenticated({
    id: 'verifyHardwareKey',
    summary: 'Verify a hardware key',
    description: 'Finishes a sign-in, lifts a session, or confirms the key that this session staged.',
    response: VerificationResponse,
    errors: [
      INVALID_RESPONSE,
      NONCE_EXPIRED,
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
      'INVALID_TWO_FACTOR_COOKIE',
      'ACCOUNT_TEMPORARILY_LOCKED',
    ],
    newToken: true,
  })
  async verify(
    @CurrentCaller() caller: Prover,
    @Body() { response, trustDevice }: ResponseRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<VerificationResponse> {
    const attempt = { caller, attempt: response, request: exchange.request, trustDevice };
    return verificationResponse(exchange, await this.verification.verify(this.factor, attempt));
  }
}
