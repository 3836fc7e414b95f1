import { TwoFactorException } from '../../two-factor/index.js';
import { AccountsException } from '../accounts.errors.js';

/** In characters, that is Unicode code points [NIST SP 800-63B-4 §3.1.1.2]. */
export const PASSWORD_MIN_LENGTH = 8;
export const PASSWORD_MAX_LENGTH = 128;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** What keeps a text from being a password; null for one that may be. */
export type PasswordFault = 'too-short' | 'too-long' | 'malformed' | null;

/**
 * Passwords are opaque: any character counts, NUL and blanks too, and none is changed. Only lone surrogates are no
 * characters, for in UTF-8 they would all become the same one.
 */
export function passwordFault(password: string): PasswordFault {
  if (LONE_SURROGATE.test(password)) return 'malformed';
  const length = lengthOf(password);
  if (length < PASSWORD_MIN_LENGTH) return 'too-short';
  return length > PASSWORD_MAX_LENGTH ? 'too-long' : null;
}

/**
 * Checks a password that somebody wants to have from now on.
 *
 * @param field the name to report faults under
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

/** Counts code points, but never more of a huge text than matters. */
function lengthOf(text: string): number {
  return Array.from(text.slice(0, 2 * PASSWORD_MAX_LENGTH + 1)).length;
}
