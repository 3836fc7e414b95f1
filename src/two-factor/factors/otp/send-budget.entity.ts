import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How much of a budget of sends is used up, for an account, a destination, or all text messages [OWASP API4, API6]. */
@Entity('two_factor_send_budget')
@Index('two_factor_send_budget_refilled_at', ['refilledAt'])
export class SendBudget {
  /** Whose: see `sendBuckets`. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'two_factor_send_budget_pkey' })
  bucket!: string;

  /** When the budget is whole again; every send moves it on. A row whose time has come says nothing and is pruned. */
  @Column({ name: 'refilled_at', type: 'timestamptz' })
  refilledAt!: Date;
}
