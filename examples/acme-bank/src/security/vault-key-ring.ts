import { HkdfKeyRing } from 'nestjs-two-factor';
import type { BankSettings } from '../settings.js';

/** The keys that seal secrets at rest, read from the bank's vault at start. */
export class VaultKeyRing extends HkdfKeyRing {
  static async load({ masterKey }: BankSettings): Promise<VaultKeyRing> {
    return new VaultKeyRing([{ kid: '2026', secret: masterKey }]);
  }
}
