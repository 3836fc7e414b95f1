import { ScureBase32Plugin } from 'otplib';
import { TOTP_DEFAULTS, type TotpParameters } from './totp.js';

const base32 = new ScureBase32Plugin();

/**
 * The text of the QR code that an authenticator app scans [Google's Key URI format].
 *
 * Written here because apps disagree on anything but the strict form: issuer in label and parameter alike, `%20` for a
 * blank, no base32 padding, all parameters spelled out.
 *
 * @param secret raw bytes
 * @throws {RangeError} for an issuer with a colon, which would end the label's prefix early
 */
export function otpauthUri(
  secret: Uint8Array,
  { issuer, label }: { issuer: string; label: string },
  { algorithm, digits, period }: TotpParameters = TOTP_DEFAULTS,
): string {
  if (issuer.includes(':')) throw new RangeError('An issuer must not contain a colon');
  const encoded = encodeURIComponent(issuer);
  return (
    `otpauth://totp/${encoded}:${encodeURIComponent(label)}` +
    `?secret=${base32.encode(secret, { padding: false })}&issuer=${encoded}` +
    `&algorithm=${algorithm.toUpperCase()}&digits=${digits}&period=${period}`
  );
}
