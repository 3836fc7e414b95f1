import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What authenticators know an account by. Random, because an authenticator may show it to others [WebAuthn §14.6.1]. */
@Entity('two_factor_passkey_owner')
@Index('two_factor_passkey_owner_handle', ['tenantId', 'handle'], { unique: true })
export class PasskeyOwner {
  @PrimaryColumn({
    name: 'tenant_id',
    type: 'text',
    default: '',
    primaryKeyConstraintName: 'two_factor_passkey_owner_pkey',
  })
  tenantId!: string;

  @PrimaryColumn({ name: 'account_id', type: 'text', primaryKeyConstraintName: 'two_factor_passkey_owner_pkey' })
  accountId!: string;

  /** 64 bytes; the same as long as the account lives. */
  @Column({ type: 'bytea' })
  handle!: Buffer;
}
