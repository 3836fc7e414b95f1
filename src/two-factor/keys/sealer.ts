import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyRing } from '../ports/key-ring.js';
import { Random } from '../ports/random.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Purposes of the keys that seal: see KeyRing. Messages have a key of their own, because random nonces of 96 bits stand
 * 2^32 seals a key, and messages are the bulk of them [NIST SP 800-38D §8.3].
 */
export type SealPurpose = 'seal' | 'message';

/** A kid as `HkdfKeyRing` takes it or as a host's own ring may have it, and what it sealed. */
const SEALED = /^([^.]{1,64})\.(.*)$/s;

/** A sealed secret cannot be opened: damaged, moved to another record, or forged. */
export class SealBrokenError extends Error {
  override readonly name = 'SealBrokenError';

  /** @param kid the key that the text names; null where it names none */
  constructor(
    message: string,
    readonly kid: string | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Seals secrets at rest with AES-256-GCM [NIST SP 800-38D], bound to the record they belong to.
 *
 * A sealed secret reads `kid.base64url(nonce ‖ ciphertext ‖ tag)`.
 */
@Injectable()
export class AesGcmSealer {
  constructor(
    private readonly ring: KeyRing,
    private readonly random: Random,
  ) {}

  /**
   * @param record names of the record, e.g. `['authenticator', accountId, id]`; needed again to open
   * @param purpose which of the ring's keys seals; needed again to open
   */
  seal(secret: Uint8Array, record: readonly string[], purpose: SealPurpose = 'seal'): string {
    const kid = this.ring.current;
    const nonce = this.random.bytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.ring.derive(kid, purpose), nonce);
    cipher.setAAD(associatedData(record));
    const sealed = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
    return `${kid}.${sealed.toString('base64url')}`;
  }

  /**
   * @throws {SealBrokenError} when the text was altered or belongs to another record or purpose
   * @throws {UnknownKeyError} when its key is no longer in the ring
   */
  open(sealed: string, record: readonly string[], purpose: SealPurpose = 'seal'): Buffer {
    const [, kid, text] = SEALED.exec(sealed) ?? [];
    if (kid === undefined || text === undefined) throw new SealBrokenError('Not a sealed secret', null);
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new SealBrokenError('Not a sealed secret', kid);
    const key = this.ring.derive(kid, purpose);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associatedData(record));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      throw new SealBrokenError('The seal is broken', kid, { cause });
    }
  }
}

/** JSON, because a plain join would let two different records read alike. */
function associatedData(record: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(record));
}
