import { domainToASCII } from 'node:url';
import { isEmail, ValidateBy } from 'class-validator';

/** Longest address that SMTP can carry [RFC 5321 §4.5.3.1.3, less the angle brackets]. */
const MAX_LENGTH = 254;

// Quoted local parts may hold control characters, and hardly any mail server accepts non-ASCII local parts.
const RULES = { allow_utf8_local_part: false, blacklisted_chars: '"' };

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Returns the canonical form of an address. The service stores, finds, counts and mails addresses in this form.
 *
 * The local part is lower-cased, because hardly any mail server distinguishes case. The domain is lower-cased and in its
 * ASCII form, so that both spellings of an internationalised domain are one account [RFC 5890].
 *
 * @returns null for an invalid address
 */
export function parseEmailAddress(text: string): string | null {
  // Checked first: the validator throws at a lone surrogate.
  if (text.length > MAX_LENGTH || LONE_SURROGATE.test(text) || !isEmail(text, RULES)) return null;
  const at = text.lastIndexOf('@');
  const domain = domainToASCII(text.slice(at + 1));
  return domain ? `${text.slice(0, at).toLowerCase()}@${domain}` : null;
}

/** Rejects an address that `parseEmailAddress` rejects. */
export function IsEmailAddress(): PropertyDecorator {
  return ValidateBy({
    name: 'isEmailAddress',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && parseEmailAddress(value) !== null,
      defaultMessage: () => '$property must be an email address',
    },
  });
}

/** @returns the canonical form of an address that passed `IsEmailAddress` */
export function canonical(text: string): string {
  const email = parseEmailAddress(text);
  if (email === null) throw new TypeError('Not an address');
  return email;
}
