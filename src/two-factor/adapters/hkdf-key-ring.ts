import { hkdfSync } from 'node:crypto';
import { KeyRing, UnknownKeyError } from '../ports/key-ring.js';

/** A named key: `kid` appears in front of what it sealed, `secret` holds at least 32 bytes. */
export interface RingKey {
  readonly kid: string;
  readonly secret: Uint8Array;
}

/** Of 32 random bytes 30 differ on average, and fewer than 8 never in practice; zeros and typed patterns repeat. */
const DISTINCT_BYTES = 8;

const KID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * Keys given once at start; each purpose gets its own by HKDF-SHA-256 [RFC 5869].
 */
export class HkdfKeyRing extends KeyRing {
  readonly current: string;
  readonly kids: readonly string[];
  private readonly secrets: ReadonlyMap<string, Uint8Array>;
  private readonly derived = new Map<string, Buffer>();

  /**
   * @param keys the one that seals first
   * @throws {RangeError} without keys, with a short key, one that is text or not random, an odd name or a name twice
   */
  constructor(keys: readonly RingKey[]) {
    super();
    const [first] = keys;
    if (!first) throw new RangeError('A key ring needs at least one key');
    for (const { kid, secret } of keys) {
      if (!KID.test(kid)) throw new RangeError(`"${kid}" cannot name a key: use 1 to 32 letters, digits, "_" or "-"`);
      if (!(secret instanceof Uint8Array)) {
        throw new RangeError(`Key "${kid}" is not bytes: decode it, as in Buffer.from(text, 'base64')`);
      }
      if (secret.length < 32) throw new RangeError(`Key "${kid}" has ${secret.length} bytes, at least 32 are needed`);
      if (new Set(secret).size < DISTINCT_BYTES) throw new RangeError(`Key "${kid}" is not random: its bytes repeat`);
    }
    this.secrets = new Map(keys.map(({ kid, secret }) => [kid, secret]));
    if (this.secrets.size !== keys.length) throw new RangeError('Two keys of the ring share a name');
    this.current = first.kid;
    this.kids = keys.map(({ kid }) => kid);
  }

  override derive(kid: string, purpose: string): Buffer {
    const secret = this.secrets.get(kid);
    if (!secret) throw new UnknownKeyError(kid);
    const slot = `${kid}\n${purpose}`;
    let key = this.derived.get(slot);
    if (!key) {
      key = Buffer.from(hkdfSync('sha256', secret, '', `nestjs-two-factor/${purpose}`, 32));
      this.derived.set(slot, key);
    }
    return key;
  }
}
