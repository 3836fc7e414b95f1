/**
 * The keys that seal secrets at rest. Keys are named; one of them seals, all of them open.
 */
export abstract class KeyRing {
  /** Name of the key that seals from now on. */
  abstract readonly current: string;

  /** Names of all keys, the current one first. */
  abstract readonly kids: readonly string[];

  /**
   * A 32-byte key for one purpose, never the named key itself.
   *
   * @throws {UnknownKeyError} when the ring has no key of that name
   */
  abstract derive(kid: string, purpose: string): Buffer;
}

/** A secret was sealed by a key that the ring no longer holds. */
export class UnknownKeyError extends Error {
  override readonly name = 'UnknownKeyError';

  constructor(readonly kid: string) {
    super(`The key ring holds no key named "${kid}"`);
  }
}
