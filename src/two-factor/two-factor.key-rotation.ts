import { SystemRandom } from './adapters/system-random.js';
import { COUNT_CODES_BY_KEY, SEALED_DESTINATIONS } from './factors/otp/sealed-destinations.js';
import type { KeyRing } from './ports/key-ring.js';
import type { Database } from './postgres/database.js';
import { KeyRotation } from './keys/key-rotation.js';
import { AesGcmSealer } from './keys/sealer.js';
import { SEALED_AUTHENTICATORS } from './factors/totp/sealed-authenticators.js';

/**
 * KeyRotation without the module, for a program of its own: it must be able to tell of a ring that the module refuses to
 * start with. An application has it by injection.
 *
 * @example
 * ```ts
 * const keys = keyRotation(new Database(dataSource), new HkdfKeyRing(config.keys));
 * ```
 */
export function keyRotation(
  database: Database,
  ring: KeyRing,
  sealer: AesGcmSealer = new AesGcmSealer(ring, new SystemRandom()),
): KeyRotation {
  const sealed = [SEALED_AUTHENTICATORS, SEALED_DESTINATIONS];
  return new KeyRotation(database, ring, sealer, { sealed, countCodes: COUNT_CODES_BY_KEY });
}
