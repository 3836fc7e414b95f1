import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/**
 * A ring key that rows may still need: a start without it is refused, before a client meets an error. Or a key that was
 * retired: it must not seal again.
 */
@Entity('two_factor_key')
@Unique('two_factor_key_live_kid_key', ['liveKid'])
@Check(
  'two_factor_key_retired',
  `(retired_at IS NULL AND live_kid IS NOT NULL AND live_kid = kid) OR (retired_at IS NOT NULL AND live_kid IS NULL)`,
)
export class KeyInUse {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'two_factor_key_pkey' })
  kid!: string;

  /** Derived from the key, tells a changed key of the same name; useless to an attacker. */
  @Column({ type: 'bytea' })
  fingerprint!: Buffer;

  /** The kid until the key is retired. Sealed rows refer to it: Postgres refuses what would leave one without its key. */
  @Column({ name: 'live_kid', type: 'text', nullable: true })
  liveKid!: string | null;

  @Column({ name: 'first_used_at', type: 'timestamptz', default: () => 'now()' })
  firstUsedAt!: Date;

  /** When a running process last said that it seals with this key; see KeyRingMonitor. */
  @Column({ name: 'last_current_at', type: 'timestamptz', default: () => 'now()' })
  lastCurrentAt!: Date;

  @Column({ name: 'retired_at', type: 'timestamptz', nullable: true })
  retiredAt!: Date | null;
}
