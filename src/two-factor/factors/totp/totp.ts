import { createHmac, timingSafeEqual } from 'node:crypto';
import { createGuardrails, generateSync, type CryptoPlugin } from 'otplib';

export type TotpAlgorithm = 'sha1' | 'sha256' | 'sha512';

/** The parameters that client and server must agree upon [RFC 6238 §4]. */
export interface TotpParameters {
  readonly algorithm: TotpAlgorithm;
  readonly digits: 6 | 7 | 8;
  /** Length of a time step in seconds. */
  readonly period: number;
}

/** What every authenticator app understands. */
export const TOTP_DEFAULTS: TotpParameters = { algorithm: 'sha1', digits: 6, period: 30 };

/** HMAC by node:crypto: several times faster than the portable plug-in that otplib brings. */
const nodeCrypto: CryptoPlugin = {
  name: 'node',
  hmac: (algorithm, key, data) => new Uint8Array(createHmac(algorithm, key).update(data).digest()),
  // What otplib would make secrets and compare codes with: neither is asked of it here.
  randomBytes: notHere,
  constantTimeEqual: notHere,
};

function notHere(): never {
  throw new Error('Secrets come from the Random port, and codes are compared by matchStep');
}

/** RFC 6238's own vectors go as far as T=20000000000, and a secret is checked when it is made, not at every use. */
const guardrails = createGuardrails({ MIN_SECRET_BYTES: 16, MAX_SECRET_BYTES: 64 });

/**
 * The code of one time step [RFC 4226 §5.3].
 *
 * @param secret 16 to 64 raw bytes
 * @param step number of the time step, `stepAt` of a moment
 */
export function codeOfStep(secret: Uint8Array, step: number, parameters: TotpParameters = TOTP_DEFAULTS): string {
  const { algorithm, digits } = parameters;
  return generateSync({ strategy: 'hotp', secret, counter: step, algorithm, digits, crypto: nodeCrypto, guardrails });
}

/** @returns the number of the time step that `time` falls into, counted from the Unix epoch */
export function stepAt(time: Date, period: number = TOTP_DEFAULTS.period): number {
  return Math.floor(time.getTime() / 1000 / period);
}

/**
 * Looks for `code` among the steps around `time`, all of them at every call and in constant time, so that an answer's
 * time tells nothing of how near a guess was.
 *
 * @param window steps accepted on either side of the current one [RFC 6238 §5.2]
 * @param lastStep the last step already accepted: it and older ones are spent
 * @returns the newest step that matched, or null
 */
export function matchStep(
  secret: Uint8Array,
  code: string,
  time: Date,
  { window, lastStep, parameters = TOTP_DEFAULTS }: { window: number; lastStep: number; parameters?: TotpParameters },
): number | null {
  // A fixed-length stand-in keeps the work the same for codes of a wrong shape.
  const wellFormed = code.length === parameters.digits && /^[0-9]+$/.test(code);
  const offered = Buffer.from(wellFormed ? code : '-'.repeat(parameters.digits), 'ascii');
  const now = stepAt(time, parameters.period);
  let matched: number | null = null;
  // Upwards: of two steps that show the same digits the newer counts, or the code would be good once more.
  for (let step = Math.max(0, now - window); step <= now + window; step++) {
    const same = timingSafeEqual(Buffer.from(codeOfStep(secret, step, parameters), 'ascii'), offered);
    if (same && step > lastStep) matched = step;
  }
  return matched;
}
