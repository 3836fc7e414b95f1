import { createHash } from 'node:crypto';
import { KeyRing, UnknownKeyError } from '../ports/key-ring.js';

/**
 * A key ring without secrets: what it derives follows from the names of its keys. Never for anything but tests.
 *
 * @example
 * ```ts
 * const ring = new FakeKeyRing();
 * ring.rotate('k2'); // seals by k2 from now on, and opens what k1 sealed
 * ring.lose('k1'); // what k1 sealed is unreadable
 * ```
 */
export class FakeKeyRing extends KeyRing {
  private names: readonly string[];

  /** @param kids names of the keys, the current one first; one key `k1` by default */
  constructor(kids: readonly [string, ...string[]] = ['k1']) {
    super();
    this.names = kids;
  }

  override get current(): string {
    const [first] = this.names;
    if (first === undefined) throw new Error('The ring has lost all its keys');
    return first;
  }

  override get kids(): readonly string[] {
    return this.names;
  }

  /** Seals by this key from now on; the others go on opening. */
  rotate(kid: string): void {
    this.names = [kid, ...this.names.filter((name) => name !== kid)];
  }

  /** Gives a key up: `derive` throws for it. */
  lose(kid: string): void {
    this.names = this.names.filter((name) => name !== kid);
  }

  override derive(kid: string, purpose: string): Buffer {
    if (!this.names.includes(kid)) throw new UnknownKeyError(kid);
    return createHash('sha256').update(`fake key ring\n${kid}\n${purpose}`).digest();
  }
}
