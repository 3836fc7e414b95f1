import { TwoFactorException } from '../../two-factor/index.js';
import { AccountsException } from '../accounts.errors.js';

/** In characters, that is Unicode code points [NIST SP 800-63B-4 §3.1.1.2]. */
export const PASSWORD_MIN_LENGTH = 8;
export const PASSWORD_MAX_LENGTH = 128;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** @returns the reason why a text cannot be a password; null if it can */
export type PasswordFault = 'too-short' | 'too-long' | 'malformed' | null;

/**
 * Passwords are opaque: every character counts, NUL and blanks included, and none is changed. Lone surrogates are
 * rejected: UTF-8 encodes all of them as the same character.
 */
export function passwordFault(password: string): PasswordFault {
  if (LONE_SURROGATE.test(password)) return 'malformed';
  const length = lengthOf(password);
  if (length < PASSWORD_MIN_LENGTH) return 'too-short';
  return length > PASSWORD_MAX_LENGTH ? 'too-long' : null;
}

/**
 * Validates a new password.
 *
 * @param field the field name in the error
 * @throws {AccountsException} PASSWORD_TOO_SHORT or PASSWORD_TOO_LONG
 * @throws {TwoFactorException} VALIDATION_ERROR for text that is not Unicode
 */
export function requireGoodPassword(password: string, field: string): void {
  const fault = passwordFault(password);
  if (fault === 'too-short') throw new AccountsException('PASSWORD_TOO_SHORT');
  if (fault === 'too-long') throw new AccountsException('PASSWORD_TOO_LONG');
  if (fault === 'malformed') {
    throw new TwoFactorException('VALIDATION_ERROR', { errors: { [field]: [`${field} must be well-formed Unicode`] } });
  }
}

/** Counts code points, but stops after the maximum: a huge text must not cost time. */
function lengthOf(text: string): number {
  return Array.from(text.slice(0, 2 * PASSWORD_MAX_LENGTH + 1)).length;
}
