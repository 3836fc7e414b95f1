import { createHmac, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyRing, UnknownKeyError } from '../../../../src/two-factor/index.js';

/** Keys that Acme's vault stores and derives from. The ring was rotated once. */
@Injectable()
export class VaultKeyRing extends KeyRing {
  override readonly current = '2026';
  override readonly kids = ['2026', '2025'];
  private readonly vault = new Map(this.kids.map((kid) => [kid, randomBytes(64)]));

  override derive(kid: string, purpose: string): Buffer {
    const master = this.vault.get(kid);
    if (!master) throw new UnknownKeyError(kid);
    return createHmac('sha256', master).update(purpose).digest();
  }
}
