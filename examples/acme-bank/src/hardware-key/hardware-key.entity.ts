import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { KeyInUse } from 'nestjs-two-factor';

/** The secret of a hardware key. It is staged until a right response confirms it. An account has one confirmed key. */
@Entity('bank_hardware_key')
@Check('bank_hardware_key_stage', `(confirmed_at IS NULL) = (staged_by IS NOT NULL AND staged_until IS NOT NULL)`)
@Check('bank_hardware_key_sealed_by', `kid = split_part(secret, '.', 1)`)
@Index('bank_hardware_key_confirmed', ['accountId'], { unique: true, where: 'confirmed_at IS NOT NULL' })
@Index('bank_hardware_key_account', ['accountId'])
@Index('bank_hardware_key_kid', ['kid', 'id'])
export class HardwareKey {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'bank_hardware_key_pkey' })
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
    foreignKeyConstraintName: 'bank_hardware_key_kid_fkey',
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
