import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { KeyInUse } from '../../../../src/two-factor/index.js';

/** The secret of a hardware key. It is staged until a right response confirms it. An account has one confirmed key. */
@Entity('acme_hardware_key')
@Check('acme_hardware_key_stage', `(confirmed_at IS NULL) = (staged_by IS NOT NULL AND staged_until IS NOT NULL)`)
@Check('acme_hardware_key_sealed_by', `kid = split_part(secret, '.', 1)`)
@Index('acme_hardware_key_confirmed', ['accountId'], { unique: true, where: 'confirmed_at IS NOT NULL' })
@Index('acme_hardware_key_account', ['accountId'])
@Index('acme_hardware_key_kid', ['kid', 'id'])
export class HardwareKey {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'acme_hardware_key_pkey' })
  id!: string;

  @Column({ name: 'account_id', type: 'text' })
  accountId!: string;

  /** Sealed; see AesGcmSealer. */
  @Column({ type: 'text' })
  secret!: string;

  /** Id of the key of the ring that sealed the secret. */
  @Column({ type: 'text' })
  kid!: string;

  @ManyToOne(() => KeyInUse)
  @JoinColumn({
    name: 'kid',
    referencedColumnName: 'liveKid',
    foreignKeyConstraintName: 'acme_hardware_key_kid_fkey',
  })
  key?: KeyInUse;

  /** Name that the owner gave the key. */
  @Column({ type: 'text' })
  label!: string;

  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt!: Date | null;

  /** Id of the session that staged the key. Only that session may confirm it. */
  @Column({ name: 'staged_by', type: 'text', nullable: true })
  stagedBy!: string | null;

  @Column({ name: 'staged_until', type: 'timestamptz', nullable: true })
  stagedUntil!: Date | null;

  @Column({ name: 'confirmed_at', type: 'timestamptz', nullable: true })
  confirmedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
