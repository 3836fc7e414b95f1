import { HttpException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { TWO_FACTOR_ERRORS, TwoFactorException, type TwoFactorErrorCode } from './two-factor.errors.js';

const CODES = Object.keys(TWO_FACTOR_ERRORS) as TwoFactorErrorCode[];

describe('every error', () => {
  it.each(CODES)('has for %s its own status, message and code', (code) => {
    const error = new TwoFactorException(code);
    const [status, message] = TWO_FACTOR_ERRORS[code];
    expect(error).toBeInstanceOf(HttpException);
    expect(error.getStatus()).toBe(status);
    expect(error.getResponse()).toEqual({ message, code });
    expect(error.message).toBe(message);
  });

  it.each(CODES.filter((code) => code !== 'SERVICE_UNAVAILABLE'))('has a 4xx status for %s', (code) => {
    const [status] = TWO_FACTOR_ERRORS[code];
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });
});

describe('the official client', () => {
  it.each([
    ['INVALID_PASSWORD', 400],
    ['OTP_NOT_CONFIGURED', 400],
    ['OTP_HAS_EXPIRED', 400],
    ['TOTP_NOT_ENABLED', 400],
    ['TWO_FACTOR_NOT_ENABLED', 400],
    ['BACKUP_CODES_NOT_ENABLED', 400],
    ['TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE', 400],
    ['INVALID_CODE', 401],
    ['INVALID_BACKUP_CODE', 401],
    ['INVALID_TWO_FACTOR_COOKIE', 401],
    ['UNAUTHORIZED', 401],
    ['ACCOUNT_TEMPORARILY_LOCKED', 429],
  ] as const)('knows %s with the status %i', (code, status) => {
    expect(new TwoFactorException(code).getStatus()).toBe(status);
  });
});

describe('the header lines of an error', () => {
  it('are empty when there is nothing to add', () => {
    expect(new TwoFactorException('INVALID_CODE').headers).toEqual([]);
  });

  it.each([
    [1, '1'],
    [900, '900'],
    [0.2, '1'],
    [899.000001, '900'],
    [86_400, '86400'],
  ])('give for %p seconds the integer %s, which is never too small [RFC 9110 §10.2.3]', (retryAfter, text) => {
    const { headers } = new TwoFactorException('ACCOUNT_TEMPORARILY_LOCKED', { retryAfter });
    expect(headers).toEqual([['retry-after', text]]);
  });

  it.each([
    ['a missing credential', '', 'Bearer realm="two-factor"'],
    ['a dead token', 'invalid_token', 'Bearer realm="two-factor", error="invalid_token"'],
    ['contradictory credentials', 'invalid_request', 'Bearer realm="two-factor", error="invalid_request"'],
  ] as const)('report %s as RFC 6750 §3 says', (_, bearerError, line) => {
    const { headers } = new TwoFactorException('UNAUTHORIZED', { bearerError });
    expect(headers).toEqual([['www-authenticate', line]]);
  });

  it('contain both headers when both apply', () => {
    const extras = { retryAfter: 5, bearerError: '' } as const;
    expect(new TwoFactorException('UNAUTHORIZED', extras).headers.map(([name]) => name)).toEqual([
      'retry-after',
      'www-authenticate',
    ]);
  });
});

describe('faults by field', () => {
  it('are part of the response body', () => {
    const errors = { code: ['code must be a string'] };
    expect(new TwoFactorException('VALIDATION_ERROR', { errors }).getResponse()).toEqual({
      message: 'Validation Error',
      code: 'VALIDATION_ERROR',
      errors,
    });
  });
});

describe('an error of a factor from outside the library', () => {
  it('responds with its own code, status and message', () => {
    const error = new TwoFactorException({ code: 'CARD_UPSIDE_DOWN', status: 401, message: 'Turn the card' });
    expect({ code: error.code, status: error.getStatus(), body: error.getResponse() }).toEqual({
      code: 'CARD_UPSIDE_DOWN',
      status: 401,
      body: { message: 'Turn the card', code: 'CARD_UPSIDE_DOWN' },
    });
  });
});

describe('the challenge of a step-up', () => {
  const stepUp = { maxAge: 300, acr: 'mfa', methods: ['totp'] } as const;

  it('is in the body, in the extensions for GraphQL and in the header [RFC 9470 §3]', () => {
    const error = new TwoFactorException('SECOND_FACTOR_REQUIRED', { stepUp });
    const { message } = error;
    expect(error.getResponse()).toEqual({ message, code: 'SECOND_FACTOR_REQUIRED', ...stepUp });
    expect(error.extensions).toEqual({ code: 'SECOND_FACTOR_REQUIRED', ...stepUp });
    expect(error.headers).toEqual([
      [
        'www-authenticate',
        `Bearer error="insufficient_user_authentication", error_description="${message}", acr_values="mfa", max_age="300"`,
      ],
    ]);
  });

  it('lets no character of a message end the quoted string or begin another header', () => {
    const error = { code: 'OWN', status: 401, message: 'a"b\\c\r\nset-cookie: ü' };
    const [line] = new TwoFactorException(error, { stepUp }).headers;
    expect(line?.[1]).toContain('error_description="a?b?c??set-cookie: ?", acr_values');
  });
});
