import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import type { Prover } from '../../challenge/caller.js';
import type { SessionIdentity } from '../../ports/session-gateway.js';
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
import { verificationResponse } from '../../routes/verification.dto.js';
import { VerificationService } from '../../verification/verification.service.js';
import { BACKUP_CODE_EXAMPLE, BackupCodeRequest, BackupCodeResponse, BackupCodesResponse } from './backup-codes.dto.js';
import { BackupCodesFactor } from './backup-codes.factor.js';
import { BackupCodesService } from './backup-codes.service.js';

/** The routes of backup codes. */
@TwoFactorRoutes()
@Controller('two-factor')
export class BackupCodesController {
  constructor(
    protected readonly factor: BackupCodesFactor,
    protected readonly codes: BackupCodesService,
    protected readonly verification: VerificationService,
  ) {}

  @Post('verify-backup-code')
  @HttpCode(200)
  @AcceptsChallenge()
  @ApiAuthenticated({
    id: 'verifyBackupCode',
    summary: 'Verify a backup code',
    description:
      'Finishes a sign-in or lifts a session, and uses the code up. With `disableSession` it only uses the code up: no session is opened or lifted, no cookie set, no device trusted.',
    response: BackupCodeResponse,
    errors: [
      'INVALID_BACKUP_CODE',
      'BACKUP_CODES_NOT_ENABLED',
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
      'INVALID_TWO_FACTOR_COOKIE',
    ],
    newToken: true,
  })
  @ApiBody({ type: BackupCodeRequest, examples: BACKUP_CODE_EXAMPLE })
  async verifyBackupCode(
    @CurrentCaller() caller: Prover,
    @Body() { code, trustDevice, disableSession }: BackupCodeRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<BackupCodeResponse> {
    const attempt = { caller, attempt: code, request: exchange.request, trustDevice };
    if (disableSession) return { user: await this.verification.spendOnly(this.factor, attempt) };
    const verified = await this.verification.verify(this.factor, attempt);
    const response = verificationResponse(exchange, verified);
    return Object.assign(response, { session: { ...verified.issued.session, token: response.token } });
  }

  @Post('generate-backup-codes')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'generateBackupCodes',
    summary: 'Generate backup codes',
    description: 'Replaces all backup codes of the account, staged ones too.',
    response: BackupCodesResponse,
    errors: ['INVALID_PASSWORD', 'TWO_FACTOR_NOT_ENABLED', 'SECOND_FACTOR_REQUIRED'],
  })
  async generateBackupCodes(
    @CurrentSession() session: SessionIdentity,
    @Body() { password }: PasswordRequest,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<BackupCodesResponse> {
    return { status: true, backupCodes: await this.codes.regenerate(session, password, request) };
  }
}
