import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import type { AnonymousCaller, Prover } from '../../challenge/caller.js';
import type { SessionIdentity } from '../../ports/session-gateway.js';
import type { HttpExchange } from '../../routes/http-exchange.js';
import { AcceptsAnyone, CurrentCaller, CurrentExchange, CurrentSession } from '../../routes/two-factor.decorators.js';
import { ApiAuthenticated } from '../../routes/two-factor.openapi.js';
import { TwoFactorRoutes } from '../../routes/two-factor.routes.js';
import { verificationResponse } from '../../routes/verification.dto.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { VerificationService } from '../../verification/verification.service.js';
import { CeremoniesService } from './ceremonies.service.js';
import {
  AuthenticationOptionsResponse,
  AuthenticationRequest,
  AuthenticationResponse,
  DeletePasskeyRequest,
  PasskeyDeletedResponse,
  PasskeyResponse,
  passkeyResponse,
  PasskeyUpdatedResponse,
  RegistrationOptionsRequest,
  RegistrationOptionsResponse,
  RegistrationRequest,
  RegistrationResponse,
  RESPONSE_EXAMPLE,
  UpdatePasskeyRequest,
} from './passkey.dto.js';
import {
  AUTHENTICATION_FAILED,
  CHALLENGE_NOT_FOUND,
  FAILED_TO_VERIFY_REGISTRATION,
  NOT_ALLOWED_TO_REGISTER,
  PASSKEY_NOT_FOUND,
  PASSKEYS_NOT_CONFIGURED,
  PREVIOUSLY_REGISTERED,
  TOO_MANY_PASSKEYS,
  USER_VERIFICATION_REQUIRED,
} from './passkey.errors.js';
import { PasskeyFactor } from './passkey.factor.js';
import { PasskeysService } from './passkeys.service.js';
import { readAssertion } from './response.js';

/** The routes of passkeys, where the official client looks for them: beside `two-factor`. */
@TwoFactorRoutes()
@Controller('passkey')
export class PasskeyController {
  constructor(
    private readonly factor: PasskeyFactor,
    private readonly passkeys: PasskeysService,
    private readonly ceremonies: CeremoniesService,
    private readonly verification: VerificationService,
  ) {}

  @Get('generate-register-options')
  @ApiAuthenticated({
    id: 'generatePasskeyRegistrationOptions',
    summary: 'Begin to register a passkey',
    description:
      'Returns options for `navigator.credentials.create`. Send its answer to `/passkey/verify-registration` on the same session.',
    response: RegistrationOptionsResponse,
    errors: [PASSKEYS_NOT_CONFIGURED, TOO_MANY_PASSKEYS, 'SECOND_FACTOR_REQUIRED'],
  })
  async generateRegisterOptions(
    @CurrentSession() session: SessionIdentity,
    @Query() wish: RegistrationOptionsRequest,
  ): Promise<RegistrationOptionsResponse> {
    return this.ceremonies.beginRegistration(session, wish);
  }

  @Post('verify-registration')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'verifyPasskeyRegistration',
    summary: 'Register a passkey',
    description:
      'Adds the passkey to the account. The first second factor of an account turns two-factor on and returns backup codes. The session gets a new token and is strong.',
    response: RegistrationResponse,
    errors: [
      PASSKEYS_NOT_CONFIGURED,
      CHALLENGE_NOT_FOUND,
      FAILED_TO_VERIFY_REGISTRATION,
      PREVIOUSLY_REGISTERED,
      TOO_MANY_PASSKEYS,
      NOT_ALLOWED_TO_REGISTER,
      'SECOND_FACTOR_REQUIRED',
    ],
    newToken: true,
  })
  @ApiBody({ type: RegistrationRequest, examples: RESPONSE_EXAMPLE })
  async verifyRegistration(
    @CurrentSession() session: SessionIdentity,
    @Body() { response, name }: RegistrationRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<RegistrationResponse> {
    const registered = await this.passkeys.register(session, response, name, exchange.request);
    const { token, user } = verificationResponse(exchange, registered.verified);
    const { passkey, backupCodes } = registered;
    return Object.assign(passkeyResponse(session.accountId, passkey), {
      ...(backupCodes && { backupCodes }),
      token,
      user,
    });
  }

  @Get('generate-authenticate-options')
  @AcceptsAnyone()
  @ApiAuthenticated({
    id: 'generatePasskeyAuthenticationOptions',
    summary: 'Begin to use a passkey',
    description:
      'Returns options for `navigator.credentials.get`: for the account of the challenge or session, or, without a credential, for a sign-in by passkey alone.',
    response: AuthenticationOptionsResponse,
    errors: [
      PASSKEYS_NOT_CONFIGURED,
      PASSKEY_NOT_FOUND,
      'INVALID_TWO_FACTOR_COOKIE',
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
    ],
    optional: true,
  })
  async generateAuthenticateOptions(
    @CurrentCaller() caller: Prover | AnonymousCaller,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<AuthenticationOptionsResponse> {
    const { options, headers } = await this.ceremonies.beginAuthentication(caller, exchange.request);
    exchange.setHeaders(headers);
    return options;
  }

  @Post('verify-authentication')
  @HttpCode(200)
  @AcceptsAnyone()
  @ApiAuthenticated({
    id: 'verifyPasskeyAuthentication',
    summary: 'Verify a passkey',
    description:
      'Finishes a sign-in or lifts a session. Without a credential it opens a session by the passkey alone, which must verify its user. An answer is good once: begin again after an error.',
    response: AuthenticationResponse,
    errors: [
      PASSKEYS_NOT_CONFIGURED,
      CHALLENGE_NOT_FOUND,
      AUTHENTICATION_FAILED,
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
      PASSKEY_NOT_FOUND,
      USER_VERIFICATION_REQUIRED,
      'INVALID_TWO_FACTOR_COOKIE',
    ],
    newToken: true,
    optional: true,
  })
  @ApiBody({ type: AuthenticationRequest, examples: RESPONSE_EXAMPLE })
  async verifyAuthentication(
    @CurrentCaller() caller: Prover | AnonymousCaller,
    @Body() { response, trustDevice }: AuthenticationRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<AuthenticationResponse> {
    if (caller.kind === 'anonymous') this.ceremonies.requireSignIn();
    const assertion = readAssertion(response);
    if (!assertion) throw new TwoFactorException(CHALLENGE_NOT_FOUND);
    const attempt = { kind: 'assertion', assertion } as const;
    const { request } = exchange;
    const verified = await this.verification.verify(this.factor, { caller, attempt, request, trustDevice });
    const answer = verificationResponse(exchange, verified);
    return Object.assign(answer, { session: { ...verified.issued.session, token: answer.token } });
  }

  @Get('list-user-passkeys')
  @ApiAuthenticated({
    id: 'listUserPasskeys',
    summary: 'List passkeys',
    description: 'The passkeys of the account, the oldest first.',
    response: [PasskeyResponse],
  })
  async listUserPasskeys(@CurrentSession() { accountId }: SessionIdentity): Promise<PasskeyResponse[]> {
    const passkeys = await this.passkeys.list(accountId);
    return passkeys.map((passkey) => passkeyResponse(accountId, passkey));
  }

  @Post('delete-passkey')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'deletePasskey',
    summary: 'Delete a passkey',
    description:
      'Requires a recent second factor. The last second factor of an account cannot be deleted: use `/two-factor/disable`. Devices that were trusted by this passkey are not trusted any more.',
    response: PasskeyDeletedResponse,
    errors: [PASSKEY_NOT_FOUND, 'SECOND_FACTOR_REQUIRED', 'LAST_FACTOR'],
  })
  async deletePasskey(
    @CurrentSession() session: SessionIdentity,
    @Body() { id }: DeletePasskeyRequest,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<PasskeyDeletedResponse> {
    await this.passkeys.remove(session, id, request);
    return { status: true };
  }

  @Post('update-passkey')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'updatePasskey',
    summary: 'Rename a passkey',
    description: 'Gives a passkey another name.',
    response: PasskeyUpdatedResponse,
    errors: [PASSKEY_NOT_FOUND],
  })
  async updatePasskey(
    @CurrentSession() session: SessionIdentity,
    @Body() { id, name }: UpdatePasskeyRequest,
  ): Promise<PasskeyUpdatedResponse> {
    return { passkey: passkeyResponse(session.accountId, await this.passkeys.rename(session, id, name)) };
  }
}
