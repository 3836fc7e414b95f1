import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { KeyRing } from '../ports/key-ring.js';
import { Database } from '../postgres/database.js';
import { statement } from '../postgres/statement.js';

const FINGERPRINT = 'fingerprint';

const REGISTER_KEY = statement(
  'register_key',
  `INSERT INTO two_factor_key (kid, fingerprint) VALUES ($1, $2) ON CONFLICT (kid) DO NOTHING`,
);
const KEYS_IN_USE = statement('keys_in_use', `SELECT kid, fingerprint FROM two_factor_key`);

/** Refuses to start with a key ring that cannot open what is stored. */
@Injectable()
export class KeyCheck implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
  ) {}

  /** @throws {Error} naming the key that is missing or was changed */
  async onApplicationBootstrap(): Promise<void> {
    await this.database.query(REGISTER_KEY, [this.ring.current, this.fingerprint(this.ring.current)]);
    const inUse = await this.database.query<{ kid: string; fingerprint: Buffer }>(KEYS_IN_USE);
    for (const { kid, fingerprint } of inUse) {
      if (!this.ring.kids.includes(kid)) throw new Error(`The key ring lacks key "${kid}", which stored secrets need`);
      if (!this.fingerprint(kid).equals(fingerprint)) {
        throw new Error(`Key "${kid}" of the key ring is not the key of that name that sealed stored secrets`);
      }
    }
  }

  private fingerprint(kid: string): Buffer {
    return this.ring.derive(kid, FINGERPRINT).subarray(0, 16);
  }
}
