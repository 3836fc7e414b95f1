import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { KeyInUse } from '../../keys/key-in-use.entity.js';

/**
 * An authenticator app's shared secret. Staged until a right code confirmed it; one confirmed per account.
 */
@Entity('two_factor_authenticator')
@Check(
  'two_factor_authenticator_stage',
  `(confirmed_at IS NULL) = (staged_by IS NOT NULL AND staged_until IS NOT NULL)`,
)
@Check('two_factor_authenticator_sealed_by', `kid IS NOT DISTINCT FROM split_part(secret, '.', 1)`)
@Index('two_factor_authenticator_confirmed', ['accountId'], { unique: true, where: 'confirmed_at IS NOT NULL' })
@Index('two_factor_authenticator_account', ['accountId'])
@Index('two_factor_authenticator_kid', ['kid', 'id'])
export class Authenticator {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'two_factor_authenticator_pkey' })
  id!: string;

  @Column({ name: 'account_id', type: 'text' })
  accountId!: string;

  /** Sealed; see AesGcmSealer. */
  @Column({ type: 'text' })
  secret!: string;

  /** The key that sealed the secret, as its text says. */
  @Column({ type: 'text' })
  kid!: string;

  @ManyToOne(() => KeyInUse)
  @JoinColumn({
    name: 'kid',
    referencedColumnName: 'liveKid',
    foreignKeyConstraintName: 'two_factor_authenticator_kid_fkey',
  })
  key?: KeyInUse;

  /** As the authenticator app shows it, kept so that the same QR code can be shown again. */
  @Column({ type: 'text' })
  issuer!: string;

  @Column({ type: 'text' })
  label!: string;

  /** The last time step accepted; codes of it and of older ones are spent [RFC 6238 §5.2]. */
  @Column({ name: 'last_step', type: 'bigint', default: -1 })
  lastStep!: string;

  /** The session that staged it, the only one that may see or confirm it. */
  @Column({ name: 'staged_by', type: 'text', nullable: true })
  stagedBy!: string | null;

  @Column({ name: 'staged_until', type: 'timestamptz', nullable: true })
  stagedUntil!: Date | null;

  @Column({ name: 'confirmed_at', type: 'timestamptz', nullable: true })
  confirmedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
