import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Channel } from '../../messages/message.js';
import { OtpMethod } from './otp-method.entity.js';

/** What a code that was sent can be derived from again. Never the code. */
@Entity('two_factor_one_time_code')
@Index('two_factor_one_time_code_binding', ['binding', 'channel'], { unique: true })
@Index('two_factor_one_time_code_account', ['accountId'])
@Index('two_factor_one_time_code_challenge', ['challengeId'])
@Index('two_factor_one_time_code_method', ['methodId'])
@Index('two_factor_one_time_code_expires_at', ['expiresAt'], { where: 'challenge_id IS NULL' })
export class OneTimeCode {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'two_factor_one_time_code_pkey' })
  id!: string;

  @Column({ name: 'account_id', type: 'text' })
  accountId!: string;

  /** `challenge:…` or `session:…`: where alone the code is good. */
  @Column({ type: 'text' })
  binding!: string;

  @Column({ name: 'challenge_id', type: 'uuid', nullable: true })
  challengeId!: string | null;

  /** By name, for the challenge knows nothing of this factor: its end is the code's end. */
  @ManyToOne('Challenge', { onDelete: 'CASCADE', nullable: true })
  @JoinColumn({ name: 'challenge_id', foreignKeyConstraintName: 'two_factor_one_time_code_challenge_id_fkey' })
  challenge?: unknown;

  @Column({ type: 'text' })
  channel!: Channel;

  /** The method it was sent by; null for the fallback to the account's own address. */
  @Column({ name: 'method_id', type: 'uuid', nullable: true })
  methodId!: string | null;

  @ManyToOne(() => OtpMethod, { onDelete: 'CASCADE', nullable: true })
  @JoinColumn({ name: 'method_id', foreignKeyConstraintName: 'two_factor_one_time_code_method_id_fkey' })
  method?: OtpMethod;

  /** The ring key that the code is derived with. */
  @Column({ type: 'text' })
  kid!: string;

  @Column({ type: 'bytea' })
  nonce!: Buffer;

  /** How often it was sent, over all codes of the binding. */
  @Column({ type: 'smallint', default: 1 })
  sends!: number;

  @Column({ name: 'last_sent_at', type: 'timestamptz', default: () => 'now()' })
  lastSentAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}
