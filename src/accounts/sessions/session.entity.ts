import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { User } from '../users/user.entity.js';
import type { SecondFactor } from '../../two-factor/index.js';

/** A live session. Read and written by the statements of `postgres-sessions.ts` and `session-list.ts`. */
@Entity('sessions')
@Index('sessions_token_hash_key', ['tokenHash'], { unique: true })
@Index('sessions_user_id_idx', ['userId'])
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

  /** When it was signed in. */
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  /** When it was last written; use moves it once an hour at most. */
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt!: Date;

  /** When it ends unless it is used before; never after `absoluteExpiresAt`. */
  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3 })
  expiresAt!: Date;

  /** When it ends however much it is used. */
  @Column({ name: 'absolute_expires_at', type: 'timestamptz', precision: 3 })
  absoluteExpiresAt!: Date;

  /** False: the cookie ends with the browser, the session after a day. */
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

  /** How it was proven, in words of RFC 8176: `pwd`, and `otp` or `sms` with `mfa` beside it. */
  @Column({ type: 'text', array: true, default: () => `'{pwd}'` })
  amr!: string[];

  /** The trusted device that it was opened through, or trusted along with. The library's, so without a foreign key. */
  @Column({ name: 'trusted_device_id', type: 'uuid', nullable: true })
  trustedDeviceId!: string | null;
}
