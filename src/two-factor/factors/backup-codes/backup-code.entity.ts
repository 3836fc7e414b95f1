import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One unused backup code. Using it deletes the row. */
@Entity('two_factor_backup_code')
@Index('two_factor_backup_code_staged_for', ['stagedFor'])
export class BackupCode {
  @PrimaryColumn({ name: 'account_id', type: 'text', primaryKeyConstraintName: 'two_factor_backup_code_pkey' })
  accountId!: string;

  /** SHA-256 over account and code: enough for 112 bits and more [ASVS 6.5.2]. */
  @PrimaryColumn({ name: 'code_hash', type: 'bytea', primaryKeyConstraintName: 'two_factor_backup_code_pkey' })
  codeHash!: Buffer;

  /** What is staged and will bring it into force: an authenticator or a way to send codes. Null when in force. */
  @Column({ name: 'staged_for', type: 'uuid', nullable: true })
  stagedFor!: string | null;
}
