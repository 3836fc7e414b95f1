import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A nonce that waits for a response. A challenge or session has one at most. */
@Entity('bank_hardware_key_nonce')
@Index('bank_hardware_key_nonce_account', ['accountId'])
export class HardwareKeyNonce {
  /** `challenge:…` or `session:…`: a response is valid for that challenge or session only. */
  @PrimaryColumn({ name: 'bound_to', type: 'text', primaryKeyConstraintName: 'bank_hardware_key_nonce_pkey' })
  boundTo!: string;

  @Column({ name: 'account_id', type: 'text' })
  accountId!: string;

  @Column({ type: 'bytea' })
  nonce!: Buffer;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}
