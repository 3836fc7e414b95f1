import { HttpException } from '@nestjs/common';

/** Errors of the accounts beside the library's errors, with the codes of the official Better Auth client. */
export const ACCOUNTS_ERRORS = {
  INVALID_EMAIL: [400, 'Invalid email'],
  PASSWORD_TOO_SHORT: [400, 'Password too short'],
  PASSWORD_TOO_LONG: [400, 'Password too long'],
  INVALID_TOKEN: [400, 'Invalid token'],
  TOKEN_EXPIRED: [400, 'Token expired'],
  RESET_PASSWORD_DISABLED: [400, "Reset password isn't enabled"],
  VERIFICATION_EMAIL_NOT_ENABLED: [400, "Verification email isn't enabled"],
  CHANGE_EMAIL_DISABLED: [400, 'Change email is disabled'],
  EMAIL_ALREADY_VERIFIED: [400, 'Email is already verified'],
  EMAIL_MISMATCH: [400, 'Email mismatch'],
  EMAIL_IS_THE_SAME: [400, 'Email is the same'],
  EMAIL_CAN_NOT_BE_UPDATED: [400, 'Email can not be updated'],
  NO_FIELDS_TO_UPDATE: [400, 'No fields to update'],
  INVALID_CALLBACK_URL: [403, 'Invalid callbackURL'],
  INVALID_REDIRECT_URL: [403, 'Invalid redirectURL'],
  INVALID_EMAIL_OR_PASSWORD: [401, 'Invalid email or password'],
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: [422, 'User already exists. Use another email.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type AccountsErrorCode = keyof typeof ACCOUNTS_ERRORS;

/** The only exception class of the accounts. The response body is `{ message, code }`. */
export class AccountsException extends HttpException {
  override readonly name = 'AccountsException';

  /** @param status overrides the code's default: the client expects two statuses for some codes */
  constructor(
    readonly code: AccountsErrorCode,
    status: number = ACCOUNTS_ERRORS[code][0],
  ) {
    super({ message: ACCOUNTS_ERRORS[code][1], code }, status);
  }
}
