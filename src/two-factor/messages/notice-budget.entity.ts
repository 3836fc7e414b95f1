import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How many notices may still be sent for an account, to an address, and about a topic [OWASP API4]. */
@Entity('two_factor_notice_budget')
@Index('two_factor_notice_budget_full_at', ['fullAt'])
export class NoticeBudgetRow {
  /** Whose: an account, a digest of an address, or an account and a topic. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'two_factor_notice_budget_pkey' })
  bucket!: string;

  /** When the budget is full again; the further away, the less is left. */
  @Column({ name: 'full_at', type: 'timestamptz' })
  fullAt!: Date;
}
