import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How much of a budget of mails is used up, by account and by address [OWASP API4, API6]. */
@Entity('account_mail_budgets')
@Index('account_mail_budgets_refilled_at_idx', ['refilledAt'])
export class MailBudgetRow {
  /** Whose: see `mail-budgets.ts`. Holds no address, but a keyed digest. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'account_mail_budgets_pkey' })
  bucket!: string;

  /** When the budget is whole again. Every mail moves it on. */
  @Column({ name: 'refilled_at', type: 'timestamptz' })
  refilledAt!: Date;
}
