import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Channel } from '../../messages/message.js';
import { KeyInUse } from '../../keys/key-in-use.entity.js';

/** A way to send codes to an account. Staged until a code sent that way came back; one confirmed per channel. */
@Entity('two_factor_otp_method')
@Check('two_factor_otp_method_stage', `(confirmed_at IS NULL) = (staged_by IS NOT NULL AND staged_until IS NOT NULL)`)
@Check('two_factor_otp_method_sealed_by', `kid IS NOT DISTINCT FROM split_part(destination, '.', 1)`)
@Index('two_factor_otp_method_confirmed', ['accountId', 'channel'], { unique: true, where: 'confirmed_at IS NOT NULL' })
@Index('two_factor_otp_method_account', ['accountId'])
@Index('two_factor_otp_method_kid', ['kid', 'id'])
export class OtpMethod {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'two_factor_otp_method_pkey' })
  id!: string;

  @Column({ name: 'account_id', type: 'text' })
  accountId!: string;

  @Column({ type: 'text' })
  channel!: Channel;

  /** The telephone number, sealed; null for mail, which goes to the account's own address of the day. */
  @Column({ type: 'text', nullable: true })
  destination!: string | null;

  /** The key that sealed the destination, as its text says. */
  @Column({ type: 'text', nullable: true })
  kid!: string | null;

  @ManyToOne(() => KeyInUse, { nullable: true })
  @JoinColumn({
    name: 'kid',
    referencedColumnName: 'liveKid',
    foreignKeyConstraintName: 'two_factor_otp_method_kid_fkey',
  })
  key?: KeyInUse;

  /** The session that staged it, the only one that may confirm it. */
  @Column({ name: 'staged_by', type: 'text', nullable: true })
  stagedBy!: string | null;

  @Column({ name: 'staged_until', type: 'timestamptz', nullable: true })
  stagedUntil!: Date | null;

  @Column({ name: 'confirmed_at', type: 'timestamptz', nullable: true })
  confirmedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
