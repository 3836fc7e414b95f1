import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { MessageQueue } from '../ports/outbox.js';

/** A message that waits until a worker has sent it. The row is deleted once it is sent, refused or obsolete. */
@Entity('two_factor_outbox')
@Check('two_factor_outbox_queue', `queue IN ('mail-code', 'sms-code', 'notice')`)
@Index('two_factor_outbox_due', ['queue', 'dueAt', 'id'])
export class OutboxMessage {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'two_factor_outbox_pkey',
  })
  id!: string;

  @Column({ type: 'text' })
  queue!: MessageQueue;

  /** Sealed: it holds an address, and often a code. */
  @Column({ type: 'text' })
  payload!: string;

  /** The message is of no use after this time. */
  @Column({ name: 'discard_after', type: 'timestamptz' })
  discardAfter!: Date;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  /** -infinity until the first attempt fails, so that new messages go before retried ones; then the time of the next attempt. */
  @Column({ name: 'due_at', type: 'timestamptz', default: () => `'-infinity'` })
  dueAt!: Date;

  /** End of the lease of the process that sends the message. No other process takes it before. */
  @Column({ name: 'locked_until', type: 'timestamptz', nullable: true })
  lockedUntil!: Date | null;

  /** Attempts in a row that no process finished, the current one included. An attempt that fails in good order resets it. */
  @Column({ type: 'smallint', default: 0 })
  attempts!: number;

  /** Names and codes of the last failure, without addresses and texts. */
  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError!: string | null;
}
