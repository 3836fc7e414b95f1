import { createHmac, timingSafeEqual } from 'node:crypto';

/** Digits of a mailed or texted code. */
const DIGITS = 6;
const CODES = 10 ** DIGITS;

/** Draws at or above this would make small codes likelier than large ones. */
const FAIR_DRAWS = Math.floor(2 ** 32 / CODES) * CODES;

/**
 * The code of a binding: nothing that could be stolen is stored, and sending again sends the same code.
 *
 * HMAC-SHA-256 over binding, nonce and a counter gives draws of 32 bits; unfair ones are thrown away, so that every code
 * is equally likely.
 *
 * @param key 32 bytes, of a ring key
 * @param binding what the code is good for: account, challenge or session, channel, destination
 * @param nonce random bytes, kept beside the binding
 * @returns six digits
 */
export function deriveCode(key: Uint8Array, binding: readonly string[], nonce: Uint8Array): string {
  for (let counter = 0; ; counter++) {
    const mac = createHmac('sha256', key)
      .update(JSON.stringify([...binding, Buffer.from(nonce).toString('hex'), counter]))
      .digest();
    for (let offset = 0; offset < mac.length; offset += 4) {
      const draw = mac.readUInt32BE(offset);
      if (draw < FAIR_DRAWS) return String(draw % CODES).padStart(DIGITS, '0');
    }
  }
}

/** Compares in constant time; text of any other shape than six ASCII digits never matches. */
export function sameCode(expected: string, offered: string): boolean {
  const wellFormed = offered.length === DIGITS && /^[0-9]+$/.test(offered);
  return timingSafeEqual(
    Buffer.from(expected, 'ascii'),
    Buffer.from(wellFormed ? offered : '-'.repeat(DIGITS), 'ascii'),
  );
}
