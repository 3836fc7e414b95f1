import {
  Body,
  Controller,
  HttpCode,
  Post,
  StreamableFile,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import {
  BACKUP_CODE_EXAMPLE,
  BackupCodeResponse,
  BackupCodeRequest,
  BackupCodesResponse,
} from '../factors/backup-codes/backup-codes.dto.js';
import { BackupCodesService } from '../factors/backup-codes/backup-codes.service.js';
import { CODE_EXAMPLE, VerificationResponse, VerificationRequest } from './verification.dto.js';
import type { Prover } from '../verification/verification.service.js';
import { ChallengeFirstInterceptor } from './challenge-first.interceptor.js';
import type { HttpExchange } from './http-exchange.js';
import { DisableResponse, ENABLE_EXAMPLES, EnableResponse, EnableRequest, PasswordRequest } from './enrolment.dto.js';
import { EnrolmentService } from '../enrolment/enrolment.service.js';
import { OtpSenderService } from '../factors/otp/otp-sender.service.js';
import { OtpSentResponse, SEND_OTP_EXAMPLES, SendOtpRequest } from '../factors/otp/otp.dto.js';
import { OtpService } from '../factors/otp/otp.service.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { TotpUriResponse } from '../factors/totp/totp.dto.js';
import { TotpService } from '../factors/totp/totp.service.js';
import { AcceptsChallenge, CurrentCaller, CurrentExchange, CurrentSession } from './two-factor.decorators.js';
import { TwoFactorExceptionFilter } from './two-factor.filter.js';
import { TwoFactorGuard } from './two-factor.guard.js';
import { ApiAuthenticated } from './two-factor.openapi.js';
import { TwoFactorValidationPipe } from './two-factor.validation.js';

/** PNG comes first: Swagger UI asks for what is named first, and shows SVG as its source text. */
const QR_CONTENT = {
  'image/png': { schema: { type: 'string', format: 'binary' } },
  'image/svg+xml': {
    schema: { type: 'string' },
    example: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 57 57"><path d="…"/></svg>',
  },
};

/** The route map: who may call, what goes in, what comes out. */
@ApiTags('Two factor')
@Controller('two-factor')
@UseFilters(TwoFactorExceptionFilter)
@UseGuards(TwoFactorGuard)
@UseInterceptors(ChallengeFirstInterceptor)
@UsePipes(TwoFactorValidationPipe)
export class TwoFactorController {
  constructor(
    private readonly enrolment: EnrolmentService,
    private readonly totp: TotpService,
    private readonly otp: OtpService,
    private readonly otpSender: OtpSenderService,
    private readonly backupCodes: BackupCodesService,
  ) {}

  @Post('enable')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'enableTwoFactor',
    summary: 'Enable two factor authentication',
    description:
      'Stages an authenticator and ten backup codes for this session. Two-factor is on once a code came back through `verify-totp`.',
    answer: EnableResponse,
    errors: ['INVALID_PASSWORD', 'OTP_NOT_CONFIGURED', 'SECOND_FACTOR_REQUIRED'],
    links: {
      getTotpQr: { operationId: 'getTotpQr', description: 'Shows the staged authenticator as a QR code.' },
      verifyTotp: { operationId: 'verifyTotp', description: 'Confirms the staged authenticator by its first code.' },
      sendOtp: { operationId: 'sendOtp', description: 'Sends the code that confirms a staged way of sending.' },
      verifyOtp: {
        operationId: 'verifyOtp',
        description: 'Confirms the staged way of sending by the code that was sent.',
      },
    },
  })
  @ApiBody({ type: EnableRequest, examples: ENABLE_EXAMPLES })
  enable(
    @CurrentSession() session: SessionIdentity,
    @Body() body: EnableRequest,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<EnableResponse> {
    return this.enrolment.enable(session, body, request);
  }

  @Post('disable')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'disableTwoFactor',
    summary: 'Disable two factor authentication',
    description: 'Drops every factor of the account and ends all other sessions.',
    answer: DisableResponse,
    errors: ['INVALID_PASSWORD', 'TWO_FACTOR_NOT_ENABLED', 'SECOND_FACTOR_REQUIRED'],
    newToken: true,
  })
  disable(
    @CurrentSession() session: SessionIdentity,
    @Body() { password }: PasswordRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<DisableResponse> {
    return this.enrolment.disable(session, password, exchange);
  }

  @Post('get-totp-uri')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'getTotpUri',
    summary: 'Get TOTP URI',
    description: 'Shows the URI of the authenticator that this session staged, else of the confirmed one.',
    answer: TotpUriResponse,
    errors: ['INVALID_PASSWORD', 'TOTP_NOT_ENABLED', 'SECOND_FACTOR_REQUIRED'],
  })
  getTotpUri(
    @CurrentSession() session: SessionIdentity,
    @Body() { password }: PasswordRequest,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<TotpUriResponse> {
    return this.totp.uri(session, password, request);
  }

  @Post('get-totp-qr')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'getTotpQr',
    summary: 'Get TOTP QR code',
    description:
      'Shows what `get-totp-uri` answers as a QR code. `Accept: image/png` gets a PNG image, any other `Accept` an SVG document.',
    answer: { content: QR_CONTENT },
    errors: ['INVALID_PASSWORD', 'TOTP_NOT_ENABLED', 'SECOND_FACTOR_REQUIRED'],
  })
  async getTotpQr(
    @CurrentSession() session: SessionIdentity,
    @Body() { password }: PasswordRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<string | StreamableFile> {
    const { type, content } = await this.totp.qr(session, password, exchange.request);
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
    answer: VerificationResponse,
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
  verifyTotp(
    @CurrentCaller() caller: Prover,
    @Body() { code, trustDevice }: VerificationRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<VerificationResponse> {
    return this.totp.verify({ caller, code, exchange, trustDevice });
  }

  @Post('send-otp')
  @HttpCode(200)
  @AcceptsChallenge()
  @ApiAuthenticated({
    id: 'sendOtp',
    summary: 'Send two factor OTP',
    description:
      'Sends a code to the account by mail or text message; within its five minutes the same one again. Answers 400 `OTP_NOT_CONFIGURED` where no way of sending is configured.',
    answer: OtpSentResponse,
    errors: [
      'OTP_NOT_CONFIGURED',
      'OTP_NOT_ENABLED',
      'INVALID_TWO_FACTOR_COOKIE',
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
      'TOO_MANY_REQUESTS',
    ],
  })
  @ApiBody({ type: SendOtpRequest, required: false, examples: SEND_OTP_EXAMPLES })
  sendOtp(
    @CurrentCaller() caller: Prover,
    @Body() { channel }: SendOtpRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<OtpSentResponse> {
    return this.otpSender.send({ caller, exchange }, channel);
  }

  @Post('verify-otp')
  @HttpCode(200)
  @AcceptsChallenge()
  @ApiAuthenticated({
    id: 'verifyOtp',
    summary: 'Verify two factor OTP',
    description:
      'Finishes a sign-in or lifts a session by a code that was sent. Answers 400 `OTP_NOT_CONFIGURED` where no way of sending is configured.',
    answer: VerificationResponse,
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
  verifyOtp(
    @CurrentCaller() caller: Prover,
    @Body() { code, trustDevice }: VerificationRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<VerificationResponse> {
    return this.otp.verify({ caller, code, exchange, trustDevice });
  }

  @Post('verify-backup-code')
  @HttpCode(200)
  @AcceptsChallenge()
  @ApiAuthenticated({
    id: 'verifyBackupCode',
    summary: 'Verify a backup code',
    description: 'Finishes a sign-in or lifts a session, and uses the code up.',
    answer: BackupCodeResponse,
    errors: [
      'INVALID_BACKUP_CODE',
      'BACKUP_CODES_NOT_ENABLED',
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
      'INVALID_TWO_FACTOR_COOKIE',
    ],
    newToken: true,
  })
  @ApiBody({ type: BackupCodeRequest, examples: BACKUP_CODE_EXAMPLE })
  verifyBackupCode(
    @CurrentCaller() caller: Prover,
    @Body() { code, trustDevice, disableSession }: BackupCodeRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<BackupCodeResponse> {
    return this.backupCodes.verify({ caller, code, exchange, trustDevice }, disableSession);
  }

  @Post('generate-backup-codes')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'generateBackupCodes',
    summary: 'Generate backup codes',
    description: 'Replaces all backup codes of the account, staged ones too.',
    answer: BackupCodesResponse,
    errors: ['INVALID_PASSWORD', 'TWO_FACTOR_NOT_ENABLED', 'SECOND_FACTOR_REQUIRED'],
  })
  generateBackupCodes(
    @CurrentSession() session: SessionIdentity,
    @Body() { password }: PasswordRequest,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<BackupCodesResponse> {
    return this.backupCodes.regenerate(session, password, request);
  }
}
