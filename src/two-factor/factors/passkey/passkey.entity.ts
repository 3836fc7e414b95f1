import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A passkey or security key. Staged for the moment between its registration and its confirmation. */
@Entity('two_factor_passkey')
@Check('two_factor_passkey_stage', `(confirmed_at IS NULL) = (staged_by IS NOT NULL AND staged_until IS NOT NULL)`)
@Index('two_factor_passkey_credential', ['tenantId', 'rpId', 'credentialId'], { unique: true })
@Index('two_factor_passkey_account', ['accountId'])
export class Passkey {
  @PrimaryColumn({
    name: 'tenant_id',
    type: 'text',
    default: '',
    primaryKeyConstraintName: 'two_factor_passkey_pkey',
  })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'two_factor_passkey_pkey' })
  id!: string;

  @Column({ name: 'account_id', type: 'text' })
  accountId!: string;

  /** The domain that it was registered for, and is good on. */
  @Column({ name: 'rp_id', type: 'text' })
  rpId!: string;

  @Column({ name: 'credential_id', type: 'bytea' })
  credentialId!: Buffer;

  /** COSE key [RFC 9052 §7]. A public one, so it needs no sealing. */
  @Column({ name: 'public_key', type: 'bytea' })
  publicKey!: Buffer;

  /** Its algorithm in numbers of COSE: -7, -8 or -257. */
  @Column({ type: 'integer' })
  alg!: number;

  /** The highest counter that it answered with; 0 where it does not count. */
  @Column({ name: 'sign_count', type: 'bigint' })
  signCount!: string;

  @Column({ type: 'text', array: true })
  transports!: string[];

  /** The model of the authenticator, as it says itself. */
  @Column({ type: 'uuid' })
  aaguid!: string;

  /** Whether it cannot leave its authenticator. False for one that is synced between devices. */
  @Column({ name: 'device_bound', type: 'boolean' })
  deviceBound!: boolean;

  @Column({ name: 'backed_up', type: 'boolean' })
  backedUp!: boolean;

  /** What its owner calls it. */
  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt!: Date | null;

  /** When its counter first did not grow: there may be a copy of it. */
  @Column({ name: 'clone_suspected_at', type: 'timestamptz', nullable: true })
  cloneSuspectedAt!: Date | null;

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
