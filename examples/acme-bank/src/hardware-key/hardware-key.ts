import { createHmac, timingSafeEqual } from 'node:crypto';

/** 256 bits, the length of the hash [RFC 2104 §3]. */
export const SECRET_BYTES = 32;

export const NONCE_BYTES = 32;

/** @returns the response of a key to a nonce: HMAC-SHA-256 with its secret, in lower-case hex */
export function responseTo(nonce: Uint8Array, secret: Uint8Array): string {
  return createHmac('sha256', secret).update(nonce).digest('hex');
}

/** Compares in constant time, because the duration must not reveal how many characters are right. */
export function sameResponse(expected: string, response: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(response)];
  return one.length === other.length && timingSafeEqual(one, other);
}
