import type { RingKey } from '../two-factor/index.js';

const MINIMUM_BYTES = 32;

/**
 * Reads a key ring of the form `kid:base64,kid:base64`; the first key seals, all open.
 *
 * @throws {RangeError} that says what is wrong and contains no part of a key
 */
export function parseKeyRing(text: string): RingKey[] {
  const keys = text.split(',').map((entry, index) => parseKey(entry.trim(), index));
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw new RangeError('names a key twice');
  return keys;
}

function parseKey(entry: string, index: number): RingKey {
  const place = `key ${index + 1}`;
  // The error repeats no part of the entry: in a malformed entry the secret can be in any part.
  const [, kid, base64] = /^([\w-]{1,32}):([A-Za-z0-9+/_-]+={0,2})$/.exec(entry) ?? [];
  if (kid === undefined || base64 === undefined) {
    throw new RangeError(`must be a list kid:base64,kid:base64 (${place} is not, a kid has at most 32 of A-Za-z0-9_-)`);
  }
  const secret = Buffer.from(base64, 'base64');
  if (secret.length < MINIMUM_BYTES)
    throw new RangeError(`needs at least ${MINIMUM_BYTES} bytes a key (${place} has fewer)`);
  return { kid, secret };
}
