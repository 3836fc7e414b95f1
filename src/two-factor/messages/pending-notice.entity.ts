import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { NoticeTopic } from '../ports/message-templates.js';

/** What the owner is still to be told, once a budget allows it. Holds no mail address and no secret. */
@Entity('two_factor_pending_notice')
@Index('two_factor_pending_notice_account', ['accountId', 'topic'])
@Index('two_factor_pending_notice_due_at', ['dueAt'])
@Index('two_factor_pending_notice_since', ['since'])
export class PendingNotice {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'two_factor_pending_notice_pkey' })
  id!: string;

  @Column({ name: 'account_id', type: 'text' })
  accountId!: string;

  @Column({ type: 'text' })
  topic!: NoticeTopic;

  @Column({ type: 'boolean' })
  alarming!: boolean;

  /** What the topic's text may say, of the last time that it happened. */
  @Column({ type: 'jsonb' })
  facts!: object;

  /** BCP 47; one that there were templates for. */
  @Column({ type: 'text' })
  language!: string;

  /** How often it happened. */
  @Column({ type: 'integer', default: 1 })
  times!: number;

  /** When it happened first. */
  @Column({ type: 'timestamptz' })
  since!: Date;

  /** When a budget may allow it. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;
}
