import { HttpException } from '@nestjs/common';

/**
 * Every error a client can meet here: its code, HTTP status and message. Codes and messages that the official Better
 * Auth client knows are spelled as it knows them.
 */
export const TWO_FACTOR_ERRORS = {
  VALIDATION_ERROR: [400, 'Validation Error'],
  INVALID_PASSWORD: [400, 'Invalid password'],
  OTP_NOT_CONFIGURED: [400, 'OTP is not available'],
  OTP_NOT_ENABLED: [400, 'OTP not enabled'],
  OTP_HAS_EXPIRED: [400, 'OTP has expired'],
  TOTP_NOT_ENABLED: [400, 'TOTP not enabled'],
  TWO_FACTOR_NOT_ENABLED: [400, "Two factor isn't enabled"],
  BACKUP_CODES_NOT_ENABLED: [400, "Backup codes aren't enabled"],
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: [400, 'Too many attempts. Please request a new code.'],
  CONTRADICTING_CREDENTIALS: [400, 'The request carries credentials of two accounts'],
  UNAUTHORIZED: [401, 'Unauthorized'],
  INVALID_CODE: [401, 'Invalid code'],
  INVALID_BACKUP_CODE: [401, 'Invalid backup code'],
  INVALID_TWO_FACTOR_COOKIE: [401, 'Invalid two factor cookie'],
  INVALID_ORIGIN: [403, 'Invalid origin'],
  SECOND_FACTOR_REQUIRED: [403, 'Verify your second factor on this session first'],
  ENROLMENT_REQUIRED: [403, 'Turn on two-factor authentication first'],
  LAST_FACTOR: [409, 'This is the last second factor of the account. Disable two factor authentication instead.'],
  TRUSTED_DEVICE_NOT_FOUND: [404, 'Trusted device not found'],
  TOO_MANY_REQUESTS: [429, 'Too many requests. Please try again later.'],
  ACCOUNT_TEMPORARILY_LOCKED: [
    429,
    'Too many failed verification attempts. Your account is temporarily locked. Please try again later.',
  ],
  SERVICE_UNAVAILABLE: [503, 'The service is not available right now. Please try again.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type TwoFactorErrorCode = keyof typeof TWO_FACTOR_ERRORS;

/** An error of a factor that the library does not have, with a code that is not in the table. */
export interface FactorError {
  /** In capitals and underscores: `INVALID_HARDWARE_KEY_RESPONSE`. */
  readonly code: string;
  /** HTTP status, 400 to 499. */
  readonly status: number;
  /** For people, in English. */
  readonly message: string;
}

/** What a session has proven: several factors, or a phishing-resistant one among them. */
export type AuthenticationLevel = 'mfa' | 'phr';

/** What a session lacks for a route that asks for a step-up. */
export interface StepUpChallenge {
  /** How old the proof may be, in seconds. */
  readonly maxAge: number;
  readonly acr: AuthenticationLevel;
  /** What the account can verify with now, the preferred one first. */
  readonly methods: readonly string[];
}

/** What an error may tell besides its code. */
export interface TwoFactorErrorExtras {
  /** Faults by field, for VALIDATION_ERROR. */
  readonly errors?: Readonly<Record<string, readonly string[]>>;
  /** Whole seconds until trying again makes sense; sent as `Retry-After` [RFC 9110 §10.2.3]. */
  readonly retryAfter?: number;
  /** Parameters of the `WWW-Authenticate: Bearer` challenge [RFC 6750 §3]; '' for a bare one. */
  readonly bearerError?: '' | 'invalid_token' | 'invalid_request';
  /** What to prove, with SECOND_FACTOR_REQUIRED: members of the body, and the challenge of RFC 9470 §3 as header. */
  readonly stepUp?: StepUpChallenge;
}

/** The one exception of the library. Its response is `{ message, code, errors? }`; a step-up adds `maxAge, acr, methods`. */
export class TwoFactorException extends HttpException {
  override readonly name: string = 'TwoFactorException';

  /** A `TwoFactorErrorCode`, or the code of a `FactorError`. */
  readonly code: string;

  /** @param error a code of the table, or an error of a factor that the library does not have */
  constructor(
    error: TwoFactorErrorCode | FactorError,
    readonly extras: TwoFactorErrorExtras = {},
    options?: ErrorOptions,
  ) {
    const { code, status, message } = describeError(error);
    super({ message, code, ...(extras.errors && { errors: extras.errors }), ...extras.stepUp }, status, options);
    this.code = code;
  }

  /**
   * What a GraphQL client finds as `extensions` of the error: the response without its message. graphql-js copies the
   * member of this name; without it every error has the code INTERNAL_SERVER_ERROR there.
   */
  get extensions(): Readonly<Record<string, unknown>> {
    const { message: _, ...rest } = this.getResponse() as Record<string, unknown>;
    return rest;
  }

  /** Header lines that belong to the answer. */
  get headers(): ReadonlyArray<readonly [name: string, value: string]> {
    const lines: Array<readonly [string, string]> = [];
    if (this.extras.retryAfter !== undefined) lines.push(['retry-after', String(Math.ceil(this.extras.retryAfter))]);
    const { bearerError, stepUp } = this.extras;
    if (bearerError !== undefined) lines.push(bearerChallenge(bearerError));
    if (stepUp) lines.push(stepUpHeader(this.message, stepUp));
    return lines;
  }
}

/** Looks a code up in the table; an error that is not in it describes itself. */
export function describeError(error: TwoFactorErrorCode | FactorError): FactorError {
  if (typeof error !== 'string') return error;
  const [status, message] = TWO_FACTOR_ERRORS[error];
  return { code: error, status, message };
}

/** A `WWW-Authenticate: Bearer` challenge [RFC 6750 §3]. */
export function bearerChallenge(error: NonNullable<TwoFactorErrorExtras['bearerError']>): readonly [string, string] {
  return ['www-authenticate', `Bearer realm="two-factor"${error && `, error="${error}"`}`];
}

/** The challenge of a resource that needs another or a more recent authentication [RFC 9470 §3]. */
function stepUpHeader(description: string, { acr, maxAge }: StepUpChallenge): readonly [string, string] {
  const parameters = {
    error: 'insufficient_user_authentication',
    // Other characters are not allowed in it [RFC 6749 §5.2], and a line break would begin another header.
    error_description: description.replaceAll(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, '?'),
    acr_values: acr,
    max_age: String(maxAge),
  };
  const text = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return ['www-authenticate', `Bearer ${text.join(', ')}`];
}
