import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How much was sent today for an account, to a destination, or in all [OWASP API4, API6]. */
@Entity('two_factor_send_budget')
@Index('two_factor_send_budget_resets_at', ['resetsAt'])
export class SendBudget {
  /** Whose: an account, a digest of a destination, a pair of both, or `sms` for all text messages. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'two_factor_send_budget_pkey' })
  bucket!: string;

  @Column({ type: 'integer' })
  used!: number;

  @Column({ name: 'resets_at', type: 'timestamptz' })
  resetsAt!: Date;
}
