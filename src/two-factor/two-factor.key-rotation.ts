import { SystemRandom } from './adapters/system-random.js';
import type { FactorPlugin } from './factor/factor-plugin.js';
import { KeyRotation } from './keys/key-rotation.js';
import { AesGcmSealer } from './keys/sealer.js';
import type { KeyRing } from './ports/key-ring.js';
import type { Database } from './postgres/database.js';
import { defaultFactors } from './two-factor.schema.js';

/**
 * KeyRotation without the module, for a program of its own: it must be able to tell of a ring that the module refuses to
 * start with. An application has it by injection.
 *
 * @param factors as the module has them: what they sealed is rotated
 * @example
 * ```ts
 * const keys = keyRotation(new Database(dataSource), new HkdfKeyRing(config.keys));
 * ```
 */
export function keyRotation(
  database: Database,
  ring: KeyRing,
  factors: readonly FactorPlugin[] = defaultFactors,
  sealer: AesGcmSealer = new AesGcmSealer(ring, new SystemRandom()),
): KeyRotation {
  return new KeyRotation(database, ring, sealer, {
    sealed: factors.flatMap(({ sealed }) => sealed ?? []),
    shortLived: factors.flatMap(({ shortLived }) => shortLived ?? []),
  });
}
