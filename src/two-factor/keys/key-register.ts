import { Injectable } from '@nestjs/common';
import { KeyRing } from '../ports/key-ring.js';
import { Database } from '../postgres/database.js';
import { statement } from '../postgres/statement.js';

/** Purpose of a derived key: see KeyRing. */
const FINGERPRINT = 'fingerprint';

/** A key that ever sealed, as `two_factor_key` knows it. */
export interface RegisteredKey {
  readonly kid: string;
  readonly fingerprint: Buffer;
  readonly firstUsedAt: Date;
  /** When a running process last said that it seals with it. */
  readonly lastCurrentAt: Date;
  readonly retiredAt: Date | null;
}

const ALL_KEYS = statement(
  'all_keys',
  `SELECT kid, fingerprint, first_used_at AS "firstUsedAt", last_current_at AS "lastCurrentAt",
     retired_at AS "retiredAt"
   FROM two_factor_key ORDER BY first_used_at DESC, kid`,
);

/** Values: kid, fingerprint. No row when the key was retired. */
const ENTER_KEY = statement(
  'enter_key',
  `INSERT INTO two_factor_key AS k (kid, live_kid, fingerprint) VALUES ($1, $1, $2)
   ON CONFLICT (kid) DO UPDATE SET last_current_at = now() WHERE k.retired_at IS NULL
   RETURNING kid`,
);

/** The key ring does not fit what is stored: nothing may be sealed or opened with it. */
export class KeyRingError extends Error {
  override readonly name = 'KeyRingError';

  /**
   * @param kid the key at fault
   * @param reason `missing`: the ring lacks it; `changed`: the ring's key of that name has other bytes; `retired`: it was
   * given up and must not seal again
   */
  constructor(
    readonly kid: string,
    readonly reason: 'missing' | 'changed' | 'retired',
    message: string,
  ) {
    super(message);
  }
}

/** Which keys ever sealed, held against the key ring of this process. */
@Injectable()
export class KeyRegister {
  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
  ) {}

  /** @returns every key that ever sealed, the youngest first */
  async keys(): Promise<RegisteredKey[]> {
    return this.database.query<RegisteredKey>(ALL_KEYS);
  }

  /**
   * Says that this process seals with the ring's current key from now on. A ring that is refused leaves no trace: its
   * key would be demanded from the right one.
   *
   * @throws {KeyRingError} naming the key that is missing, was changed, or was retired and stands first
   */
  async enter(): Promise<void> {
    const { current } = this.ring;
    const keys = await this.keys();
    for (const key of keys) {
      if (key.retiredAt !== null && key.kid !== current) continue;
      if (key.retiredAt !== null) throw retired(current);
      if (!this.ring.kids.includes(key.kid)) {
        throw new KeyRingError(key.kid, 'missing', `The key ring lacks key "${key.kid}", which stored secrets need`);
      }
      if (!this.isGenuine(key)) {
        throw new KeyRingError(
          key.kid,
          'changed',
          `Key "${key.kid}" of the key ring is not the key of that name that sealed stored secrets`,
        );
      }
    }
    const entered = await this.database.query(ENTER_KEY, [current, this.fingerprint(current)]);
    if (entered.length === 0) throw retired(current);
  }

  /** @returns whether the ring's key of that name is the one that was registered */
  isGenuine({ kid, fingerprint }: Pick<RegisteredKey, 'kid' | 'fingerprint'>): boolean {
    return this.fingerprint(kid).equals(fingerprint);
  }

  private fingerprint(kid: string): Buffer {
    return this.ring.derive(kid, FINGERPRINT).subarray(0, 16);
  }
}

function retired(kid: string): KeyRingError {
  const message = `Key "${kid}" was retired and must not seal again: put another key in front of the key ring`;
  return new KeyRingError(kid, 'retired', message);
}
