import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A ring key that rows may still need, so that a start without it is refused before anybody notices.
 */
@Entity('two_factor_key')
export class KeyInUse {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'two_factor_key_pkey' })
  kid!: string;

  /** Derived from the key, tells a changed key of the same name; useless to an attacker. */
  @Column({ type: 'bytea' })
  fingerprint!: Buffer;

  @Column({ name: 'first_used_at', type: 'timestamptz', default: () => 'now()' })
  firstUsedAt!: Date;
}
