import { parsePhoneNumberFromString, type NumberType } from 'libphonenumber-js/max';

/** In North America and elsewhere mobile numbers look like others. */
const TEXTED: readonly NumberType[] = ['MOBILE', 'FIXED_LINE_OR_MOBILE'];

/**
 * Reads a telephone number in international form. Numbers that cost the sender more than a text message are none, or an
 * attacker is paid for every code: premium rate, personal and shared cost numbers, and those of no country, such as
 * satellites.
 *
 * @param countries ISO 3166-1 alpha-2 codes that may be texted; undefined for all
 * @returns the number in E.164 form; null for one that is not a mobile number, or is one of another country
 */
export function parsePhoneNumber(text: string, countries?: readonly string[]): string | null {
  const number = parsePhoneNumberFromString(text);
  if (!number?.country || !number.isValid() || !TEXTED.includes(number.getType())) return null;
  return countries && !countries.includes(number.country) ? null : number.number;
}

/** `jane@example.com` as `j•••@e•••.com`: enough for the owner to recognise it, little for others. */
export function maskMailAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  const dot = domain.lastIndexOf('.');
  const [name, suffix] = dot > 0 ? [domain.slice(0, dot), domain.slice(dot)] : [domain, ''];
  return `${first(address.slice(0, at))}•••@${first(name)}•••${suffix}`;
}

/** `+4915112345642` as `+49 ••• 42`. */
export function maskPhoneNumber(number: string): string {
  const callingCode = parsePhoneNumberFromString(number)?.countryCallingCode ?? '';
  return `+${callingCode} ••• ${number.slice(-2)}`;
}

function first(text: string): string {
  return Array.from(text)[0] ?? '';
}
