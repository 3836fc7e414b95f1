import type { FactorPlugin } from '../../factor/factor-plugin.js';
import { Authenticator } from './authenticator.entity.js';
import { AuthenticatorsService } from './authenticators.service.js';
import { TotpController } from './totp.controller.js';
import { TotpEnrolmentRequest, TotpEnrolmentResponse } from './totp.dto.js';
import { TotpFactor } from './totp.factor.js';
import { AUTHENTICATORS, CANDIDATES, SEALED_AUTHENTICATORS, SPEND_STEP } from './totp.sql.js';

/** Authenticator apps. */
export const totpFactor: FactorPlugin = {
  name: 'totp',
  factor: TotpFactor,
  controllers: [TotpController],
  providers: [AuthenticatorsService],
  entities: [Authenticator],

  listed: true,
  lockable: true,
  allowsFallback: true,
  errors: { invalid: 'INVALID_CODE', notEnabled: 'TOTP_NOT_ENABLED' },

  enrolment: AUTHENTICATORS,
  enable: {
    request: TotpEnrolmentRequest,
    response: TotpEnrolmentResponse,
    examples: { 'authenticator app': { summary: 'Authenticator app', value: {} } },
    links: {
      getTotpQr: 'Shows the staged authenticator as a QR code.',
      verifyTotp: 'Confirms the staged authenticator by its first code.',
    },
  },

  candidates: CANDIDATES,
  spend: SPEND_STEP,
  sealed: [SEALED_AUTHENTICATORS],
};
