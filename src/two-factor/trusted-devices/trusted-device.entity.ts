import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A browser or program that signs in by password alone, because it proved a second factor not long ago. */
@Entity('two_factor_trusted_device')
@Index('two_factor_trusted_device_account', ['accountId'])
@Index('two_factor_trusted_device_family', ['familyHash'], { unique: true })
export class TrustedDevice {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'two_factor_trusted_device_pkey' })
  id!: string;

  @Column({ name: 'account_id', type: 'text' })
  accountId!: string;

  /** SHA-256 of the part of the token that never changes; see `device-token.ts`. */
  @Column({ name: 'family_hash', type: 'bytea' })
  familyHash!: Buffer;

  /** SHA-256 of the token that the device holds. */
  @Column({ name: 'token_hash', type: 'bytea' })
  tokenHash!: Buffer;

  /** Those of the tokens just before it, the latest last: they still sign in for a moment; see `GRACE`. */
  @Column({ name: 'rotated_hashes', type: 'bytea', array: true, default: () => `'{}'` })
  rotatedHashes!: Buffer[];

  /** When each of those gave way. */
  @Column({ name: 'rotated_at', type: 'timestamptz', array: true, default: () => `'{}'` })
  rotatedAt!: Date[];

  /** The factor's row that was proven when the device was trusted: it goes with that. NULL where none is known. */
  @Column({ name: 'rests_on', type: 'uuid', nullable: true })
  restsOn!: string | null;

  /** As the user agent says, until the owner gives it another. */
  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'ip_address', type: 'text', nullable: true })
  ipAddress!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  lastUsedAt!: Date;

  /** Moved on by every sign-in; never past `absoluteExpiresAt`. */
  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3 })
  expiresAt!: Date;

  @Column({ name: 'absolute_expires_at', type: 'timestamptz', precision: 3 })
  absoluteExpiresAt!: Date;
}
