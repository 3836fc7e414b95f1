import { Column, Entity, PrimaryColumn } from 'typeorm';
import { ACCOUNT_SCOPE } from './scope.js';

/**
 * An account's budget of guesses, over all challenges, sessions and factors [NIST SP 800-63B-4 3.2.2]; and beside it one
 * for every trusted device, which nobody else's guesses use up.
 *
 * Outlives switching two-factor off, so that nobody can launder failures by doing that.
 */
@Entity('two_factor_attempts')
export class Attempts {
  @PrimaryColumn({ name: 'account_id', type: 'text', primaryKeyConstraintName: 'two_factor_attempts_pkey' })
  accountId!: string;

  /** `account`, or `device:…`; see `scope.ts`. */
  @PrimaryColumn({ type: 'text', default: ACCOUNT_SCOPE, primaryKeyConstraintName: 'two_factor_attempts_pkey' })
  scope!: string;

  /** Guesses taken since the last success. */
  @Column({ type: 'integer', default: 0 })
  failures!: number;

  /** Locks imposed since the last success: each one opens the next ten guesses when it ends. */
  @Column({ type: 'integer', default: 0 })
  locks!: number;

  /** 'infinity' until an operator unlocks. */
  @Column({ name: 'locked_until', type: 'timestamptz', nullable: true })
  lockedUntil!: Date | null;

  @Column({ name: 'last_guess_at', type: 'timestamptz', nullable: true })
  lastGuessAt!: Date | null;
}
