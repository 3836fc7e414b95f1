import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A registration or authentication that waits for its authenticator. Deleted by the first answer, right or wrong. */
@Entity('two_factor_passkey_ceremony')
@Check('two_factor_passkey_ceremony_kind', `kind IN ('registration', 'authentication')`)
@Index('two_factor_passkey_ceremony_expires_at', ['expiresAt'])
@Index('two_factor_passkey_ceremony_account', ['accountId'])
export class PasskeyCeremony {
  @PrimaryColumn({
    name: 'tenant_id',
    type: 'text',
    default: '',
    primaryKeyConstraintName: 'two_factor_passkey_ceremony_pkey',
  })
  tenantId!: string;

  /** SHA-256 of the challenge that the client signs. */
  @PrimaryColumn({
    name: 'challenge_hash',
    type: 'bytea',
    primaryKeyConstraintName: 'two_factor_passkey_ceremony_pkey',
  })
  challengeHash!: Buffer;

  @Column({ type: 'text' })
  kind!: 'registration' | 'authentication';

  /** NULL for a sign-in of a caller without credential. */
  @Column({ name: 'account_id', type: 'text', nullable: true })
  accountId!: string | null;

  /** The pending sign-in that asked. */
  @Column({ name: 'challenge_id', type: 'uuid', nullable: true })
  challengeId!: string | null;

  /** The session that asked. */
  @Column({ name: 'session_id', type: 'text', nullable: true })
  sessionId!: string | null;

  /** The page that asked, where the caller had no credential and its browser said so. */
  @Column({ type: 'text', nullable: true })
  origin!: string | null;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}
