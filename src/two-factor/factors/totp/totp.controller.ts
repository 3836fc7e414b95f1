import { Body, Controller, HttpCode, Post, StreamableFile } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import type { Prover } from '../../challenge/caller.js';
import { Reauthentication } from '../../enrolment/reauthentication.js';
import { SessionHold } from '../../policy/session-hold.js';
import { headerOf, type IncomingRequest } from '../../ports/incoming-request.js';
import type { SessionIdentity } from '../../ports/session-gateway.js';
import { acceptedType } from '../../routes/accepted-type.js';
import type { HttpExchange } from '../../routes/http-exchange.js';
import { PasswordRequest } from '../../routes/password.dto.js';
import {
  AcceptsChallenge,
  CurrentCaller,
  CurrentExchange,
  CurrentSession,
} from '../../routes/two-factor.decorators.js';
import { ApiAuthenticated } from '../../routes/two-factor.openapi.js';
import { TwoFactorRoutes } from '../../routes/two-factor.routes.js';
import {
  CODE_EXAMPLE,
  VerificationRequest,
  VerificationResponse,
  verificationResponse,
} from '../../routes/verification.dto.js';
import { VerificationService } from '../../verification/verification.service.js';
import { AuthenticatorsService } from './authenticators.service.js';
import { QR_TYPES, qrCode } from './qr-code.js';
import { TotpUriResponse } from './totp.dto.js';
import { TotpFactor } from './totp.factor.js';

/** PNG comes first: Swagger UI asks for what is named first, and shows SVG as its source text. */
const QR_CONTENT = {
  'image/png': { schema: { type: 'string', format: 'binary' } },
  'image/svg+xml': {
    schema: { type: 'string' },
    example: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 57 57"><path d="…"/></svg>',
  },
};

/** The routes of authenticator apps. */
@TwoFactorRoutes()
@Controller('two-factor')
export class TotpController {
  constructor(
    protected readonly totp: TotpFactor,
    protected readonly authenticators: AuthenticatorsService,
    protected readonly verification: VerificationService,
    protected readonly reauthentication: Reauthentication,
    protected readonly hold: SessionHold,
  ) {}

  @Post('get-totp-uri')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'getTotpUri',
    summary: 'Get TOTP URI',
    description: 'Shows the URI of the authenticator that this session staged, else of the confirmed one.',
    response: TotpUriResponse,
    errors: ['INVALID_PASSWORD', 'TOTP_NOT_ENABLED', 'SECOND_FACTOR_REQUIRED'],
  })
  async getTotpUri(
    @CurrentSession() session: SessionIdentity,
    @Body() { password }: PasswordRequest,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<TotpUriResponse> {
    return { totpURI: await this.uri(session, password, request) };
  }

  @Post('get-totp-qr')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'getTotpQr',
    summary: 'Get TOTP QR code',
    description:
      'Shows what `get-totp-uri` answers as a QR code. `Accept: image/png` gets a PNG image, any other `Accept` an SVG document.',
    response: { content: QR_CONTENT },
    errors: ['INVALID_PASSWORD', 'TOTP_NOT_ENABLED', 'SECOND_FACTOR_REQUIRED'],
  })
  async getTotpQr(
    @CurrentSession() session: SessionIdentity,
    @Body() { password }: PasswordRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<string | StreamableFile> {
    const uri = await this.uri(session, password, exchange.request);
    const { type, content } = await qrCode(uri, acceptedType(headerOf(exchange.request, 'accept'), QR_TYPES));
    // After the image was made, because errors are JSON.
    exchange.setHeaders([['content-type', type]]);
    // Express would send a bare buffer as JSON.
    return typeof content === 'string' ? content : new StreamableFile(content, { type, length: content.length });
  }

  @Post('verify-totp')
  @HttpCode(200)
  @AcceptsChallenge()
  @ApiAuthenticated({
    id: 'verifyTotp',
    summary: 'Verify two factor TOTP',
    description:
      'Finishes a sign-in, lifts a session, or confirms the authenticator that this session staged. A code is good once.',
    response: VerificationResponse,
    errors: [
      'INVALID_CODE',
      'TOTP_NOT_ENABLED',
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
      'INVALID_TWO_FACTOR_COOKIE',
      'ACCOUNT_TEMPORARILY_LOCKED',
    ],
    newToken: true,
  })
  @ApiBody({ type: VerificationRequest, examples: CODE_EXAMPLE })
  async verifyTotp(
    @CurrentCaller() caller: Prover,
    @Body() { code, trustDevice }: VerificationRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<VerificationResponse> {
    const { request } = exchange;
    const verified = await this.verification.verify(this.totp, { caller, attempt: code, request, trustDevice });
    return verificationResponse(exchange, verified);
  }

  /**
   * What both routes show: the URI of the authenticator that the session staged, else of the confirmed one.
   *
   * @throws {TwoFactorException} INVALID_PASSWORD, TOTP_NOT_ENABLED, SECOND_FACTOR_REQUIRED
   */
  protected async uri(session: SessionIdentity, password: string, request: IncomingRequest): Promise<string> {
    const authenticator = await this.authenticators.visibleTo(session);
    await this.reauthentication.require(session, password, request, authenticator.staged ? 'never' : 'always');
    await this.hold.live(session);
    return authenticator.uri();
  }
}
