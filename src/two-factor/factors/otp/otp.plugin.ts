import type { FactorPlugin } from '../../factor/factor-plugin.js';
import { OneTimeCode } from './one-time-code.entity.js';
import { OtpCodes } from './otp-codes.js';
import { OtpMethod } from './otp-method.entity.js';
import { OtpMethodsService } from './otp-methods.service.js';
import { OtpSenderService } from './otp-sender.service.js';
import { OtpController } from './otp.controller.js';
import { OtpEnrolmentRequest, OtpStatusResponse } from './otp.dto.js';
import { OtpFactor } from './otp.factor.js';
import {
  COUNT_CODES_BY_KEY,
  DROP_SESSION_CODES,
  LIVE_CODES,
  OTP_METHODS,
  PROVES_MAILBOX,
  PRUNE_OTP,
  REMOVE_CODES,
  SEALED_DESTINATIONS,
  SPEND_CODE,
} from './otp.sql.js';
import { SendBudget } from './send-budget.entity.js';

/** Codes that are sent by mail or SMS. */
export const otpFactor: FactorPlugin = {
  name: 'otp',
  factor: OtpFactor,
  controllers: [OtpController],
  providers: [OtpCodes, OtpMethodsService, OtpSenderService],
  entities: [OtpMethod, OneTimeCode, SendBudget],

  listed: true,
  lockable: true,
  errors: { invalid: 'INVALID_CODE', notEnabled: 'OTP_HAS_EXPIRED' },

  enrolment: OTP_METHODS,
  enable: {
    request: OtpEnrolmentRequest,
    examples: {
      mail: { summary: 'Codes by mail', value: { method: 'otp', channel: 'mail' } },
      SMS: { summary: 'Codes by SMS', value: { method: 'otp', channel: 'sms', phoneNumber: '+4915112345678' } },
    },
    links: {
      sendOtp: 'Sends the code that confirms a staged way of sending.',
      verifyOtp: 'Confirms the staged way of sending by the code that was sent.',
    },
  },
  statusResponse: OtpStatusResponse,

  candidates: LIVE_CODES,
  spend: SPEND_CODE,
  spendStaged: SPEND_CODE,
  remove: REMOVE_CODES,
  dropPending: DROP_SESSION_CODES,
  provesMailbox: PROVES_MAILBOX,

  sealed: [SEALED_DESTINATIONS],
  shortLived: [COUNT_CODES_BY_KEY],
  prune: PRUNE_OTP,
};
