import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import type { LinkTopic } from '../../two-factor/index.js';
import { User } from '../users/user.entity.js';

/** A mailed link. It works once: using it deletes the row. */
@Entity('account_links')
@Index('account_links_user_id_idx', ['userId'])
@Index('account_links_expires_at_idx', ['expiresAt'])
export class AccountLink {
  /** SHA-256 of the token in the link. */
  @PrimaryColumn({ name: 'token_hash', type: 'bytea', primaryKeyConstraintName: 'account_links_pkey' })
  tokenHash!: Buffer;

  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'account_links_user_id_fkey' })
  user!: Relation<User>;

  /** The only action that the link allows. */
  @Column({ type: 'text' })
  topic!: LinkTopic;

  /** The address that got the link: with `change-email` the new one. In canonical form. */
  @Column({ type: 'text' })
  email!: string;

  /**
   * Password version when the link was requested. A password change invalidates links that change password or address.
   */
  @Column({ name: 'password_version', type: 'integer' })
  passwordVersion!: number;

  /**
   * The session that requested a change of address; null for other topics. No foreign key: its cascade would lock
   * session and link in the opposite order of using the link, and the two transactions would deadlock.
   */
  @Column({ name: 'session_id', type: 'uuid', nullable: true })
  sessionId!: string | null;

  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3 })
  expiresAt!: Date;
}
