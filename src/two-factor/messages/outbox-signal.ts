import { Injectable } from '@nestjs/common';
import type { Transaction } from '../postgres/transaction.js';

/**
 * Tells workers of this process that a message was queued, so that they need not wait for their next look at the table.
 *
 * Workers of other processes poll. NOTIFY would reach them at once, but Postgres commits transactions that notify one by
 * one: see docs/decisions/0021.
 */
@Injectable()
export class OutboxSignal {
  private readonly listeners = new Set<() => void>();

  /**
   * Calls `listener` after each commit of this process that queued a message.
   *
   * @param listener must not throw
   * @returns a function that ends it
   */
  whenQueued(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** To be called by what queued a message in this transaction. */
  queued(transaction: Transaction): void {
    transaction.afterCommit(() => {
      for (const listener of this.listeners) listener();
    });
  }
}
