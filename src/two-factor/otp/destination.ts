import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

/**
 * Reads a telephone number in international form.
 *
 * @param countries ISO 3166-1 alpha-2 codes that may be texted; undefined for all
 * @returns the number in E.164 form, or null when it is none or of another country
 */
export function parsePhoneNumber(text: string, countries?: readonly string[]): string | null {
  const number = parsePhoneNumberFromString(text);
  if (!number?.isValid()) return null;
  // A calling code shared by countries, as +1 is, may leave the country open: then no list can allow it.
  if (countries && !(number.country && countries.includes(number.country))) return null;
  return number.number;
}

/** `jane@example.com` as `j•••@e•••.com`: enough for the owner to know it, little for anybody else. */
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
