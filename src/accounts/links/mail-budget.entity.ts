import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** State of a mail budget of an account or an address [OWASP API4, API6]. */
@Entity('account_mail_budgets')
@Index('account_mail_budgets_refilled_at_idx', ['refilledAt'])
export class MailBudgetRow {
  /** Key of the budget: see `mail-budgets.ts`. Holds a keyed digest, never an address. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'account_mail_budgets_pkey' })
  bucket!: string;

  /** When the budget is full again. Every mail postpones it. */
  @Column({ name: 'refilled_at', type: 'timestamptz' })
  refilledAt!: Date;
}
