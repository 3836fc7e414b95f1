import { HttpException } from '@nestjs/common';

/** What the accounts can answer beside the library's errors; spelled as the official Better Auth client knows them. */
export const ACCOUNTS_ERRORS = {
  INVALID_EMAIL: [400, 'Invalid email'],
  PASSWORD_TOO_SHORT: [400, 'Password too short'],
  PASSWORD_TOO_LONG: [400, 'Password too long'],
  INVALID_EMAIL_OR_PASSWORD: [401, 'Invalid email or password'],
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: [422, 'User already exists. Use another email.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type AccountsErrorCode = keyof typeof ACCOUNTS_ERRORS;

/** The one exception of the accounts. Its response is `{ message, code }`. */
export class AccountsException extends HttpException {
  override readonly name = 'AccountsException';

  constructor(readonly code: AccountsErrorCode) {
    const [status, message] = ACCOUNTS_ERRORS[code];
    super({ message, code }, status);
  }
}
