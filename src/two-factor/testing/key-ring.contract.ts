import assert from 'node:assert/strict';
import { UnknownKeyError, type KeyRing } from '../ports/key-ring.js';
import type { TestApi } from './test-api.js';

/** A key ring to hold to the contract. */
export interface KeyRingSubject {
  readonly ring: KeyRing;
  /** Makes the ring again, as another process or the next start does. */
  readonly again: () => Promise<KeyRing> | KeyRing;
}

const PURPOSES = ['seal', 'message', 'contract', ''];

/** Stands in front of what a key sealed, with a dot behind it. */
const KID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * Holds a KeyRing to what the library relies on.
 *
 * @param setUp called once, at the first test
 * @param api the test runner's functions; its globals by default
 * @example
 * ```ts
 * import { describeKeyRing } from 'nestjs-two-factor/testing';
 *
 * describeKeyRing('VaultKeyRing', async () => ({ ring: await fromVault(), again: fromVault }));
 * ```
 */
export function describeKeyRing(
  name: string,
  setUp: () => Promise<KeyRingSubject>,
  { describe, it }: TestApi = globalThis as unknown as TestApi,
): void {
  let ready: Promise<KeyRingSubject> | undefined;
  const subject = () => (ready ??= setUp());

  describe(name, () => {
    it('names its keys, each once, and the current one first', async () => {
      const { ring } = await subject();
      assert.equal(ring.kids[0], ring.current);
      assert.equal(new Set(ring.kids).size, ring.kids.length, 'Two keys share a name');
      for (const kid of ring.kids) assert.match(kid, KID);
    });

    it('derives 32 bytes, and no key that can be guessed', async () => {
      const { ring } = await subject();
      for (const key of derivedOf(ring)) {
        assert.ok(Buffer.isBuffer(key));
        assert.equal(key.length, 32);
        assert.ok(new Set(key).size > 8, 'A derived key is all but empty');
      }
    });

    it('derives another key for each purpose and each name', async () => {
      const { ring } = await subject();
      const keys = derivedOf(ring).map((key) => key.toString('hex'));
      assert.equal(new Set(keys).size, keys.length, 'Two purposes, or two names, share a key');
    });

    it('derives the same keys every time, and after a restart', async () => {
      const { ring, again } = await subject();
      const first = derivedOf(ring);
      assert.deepEqual(derivedOf(ring), first);
      const restarted = await again();
      assert.deepEqual(restarted.kids, ring.kids);
      assert.deepEqual(derivedOf(restarted), first, 'What was sealed cannot be opened after a restart');
    });

    it('throws UnknownKeyError for a name that it does not have', async () => {
      const { ring } = await subject();
      for (const kid of ['no-such-key', '', 'constructor', '__proto__', `${ring.current} `]) {
        assert.throws(
          () => ring.derive(kid, 'seal'),
          (error) => error instanceof UnknownKeyError && error.kid === kid,
          `The name "${kid}" must throw UnknownKeyError`,
        );
      }
    });
  });
}

function derivedOf(ring: KeyRing): Buffer[] {
  return ring.kids.flatMap((kid) => PURPOSES.map((purpose) => ring.derive(kid, purpose)));
}
