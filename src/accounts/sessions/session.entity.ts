import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { User } from '../users/user.entity.js';
import type { SecondFactor } from '../../two-factor/index.js';

/** A live session. Read and written by the statements of `postgres-sessions.ts` and `session-list.ts`. */
@Entity('sessions')
@Index('sessions_token_hash_key', ['tokenHash'], { unique: true })
@Index('sessions_user_id_idx', ['userId'])
@Index('sessions_absolute_expires_at_idx', ['absoluteExpiresAt'])
export class Session {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'sessions_pkey' })
  id!: string;

  /** SHA-256 of the token that the client holds. */
  @Column({ name: 'token_hash', type: 'bytea' })
  tokenHash!: Buffer;

  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'sessions_user_id_fkey' })
  user!: Relation<User>;

  /** Time of the sign-in. */
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  /** Time of the last write; use updates it at most once an hour. */
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt!: Date;

  /** Idle expiry. Use extends it, but never beyond `absoluteExpiresAt`. */
  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3 })
  expiresAt!: Date;

  /** Absolute expiry. Use does not extend it. */
  @Column({ name: 'absolute_expires_at', type: 'timestamptz', precision: 3 })
  absoluteExpiresAt!: Date;

  /** False: the cookie ends with the browser, and the session after one day. */
  @Column({ name: 'remember_me', type: 'boolean' })
  rememberMe!: boolean;

  @Column({ name: 'ip_address', type: 'text', nullable: true })
  ipAddress!: string | null;

  @Column({ name: 'user_agent', type: 'text', nullable: true })
  userAgent!: string | null;

  /** The second factor proven last; null for a session opened without one. */
  @Column({ name: 'second_factor', type: 'text', nullable: true })
  secondFactor!: SecondFactor | null;

  @Column({ name: 'second_factor_at', type: 'timestamptz', precision: 3, nullable: true })
  secondFactorAt!: Date | null;

  /** Authentication methods by RFC 8176: `pwd`, and with a second factor `otp` or `sms`, and `mfa`. */
  @Column({ type: 'text', array: true, default: () => `'{pwd}'` })
  amr!: string[];

  /**
   * The trusted device that opened the session, or that it created. The library owns the device, so there is no foreign
   * key.
   */
  @Column({ name: 'trusted_device_id', type: 'uuid', nullable: true })
  trustedDeviceId!: string | null;
}
