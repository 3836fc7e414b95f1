import { createHash } from 'node:crypto';
import type { Random } from '../ports/random.js';

const TOKEN_BYTES = 32;
const BODY_LENGTH = Math.ceil((TOKEN_BYTES * 8) / 6);
const BODY = new RegExp(`^[A-Za-z0-9_-]{${BODY_LENGTH}}$`);

/**
 * A bearer token of 256 random bits. The prefix tells people and secret scanners what they found.
 *
 * @returns `prefix` and 43 characters of base64url
 */
export function newToken(random: Random, prefix: string): string {
  return prefix + random.bytes(TOKEN_BYTES).toString('base64url');
}

/** @returns whether `text` has the shape of a token of that kind; says nothing about its being alive */
export function isToken(text: string | undefined, prefix: string): text is string {
  return text !== undefined && text.startsWith(prefix) && BODY.test(text.slice(prefix.length));
}

/** What a table keeps of a token: its SHA-256. A digest used as a token is refused, for it lacks the prefix. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
