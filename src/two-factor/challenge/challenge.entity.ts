import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { SignInContext } from '../ports/session-gateway.js';

/** A sign-in that passed its first factor and waits for the second. Burnt by success, deleted after its life. */
@Entity('two_factor_challenge')
@Index('two_factor_challenge_token_hash', ['tokenHash'], { unique: true })
@Index('two_factor_challenge_account', ['accountId'])
@Index('two_factor_challenge_expires_at', ['expiresAt'])
export class Challenge {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'two_factor_challenge_pkey' })
  id!: string;

  /** SHA-256 of the token that the client holds. */
  @Column({ name: 'token_hash', type: 'bytea' })
  tokenHash!: Buffer;

  @Column({ name: 'account_id', type: 'text' })
  accountId!: string;

  /** Guesses taken, whatever the factor and whatever came of them. */
  @Column({ type: 'smallint', default: 0 })
  guesses!: number;

  @Column({ type: 'jsonb', default: {} })
  context!: SignInContext;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}
