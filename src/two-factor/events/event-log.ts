import { Injectable, Logger } from '@nestjs/common';
import { SecurityEvents, type SecurityEvent } from '../ports/security-events.js';
import { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';

/**
 * Tells the host's `SecurityEvents` what happened: `record` in the transaction of the change, `emit` after its commit. A
 * fault of `emit` is logged and never reaches a client, because what it tells has happened already.
 */
@Injectable()
export class EventLog {
  /** Whether the host writes events down in the transaction of what they tell. */
  readonly records: boolean;

  private readonly logger = new Logger('SecurityEvents');

  constructor(
    private readonly events: SecurityEvents,
    private readonly database: Database,
  ) {
    this.records = events.record !== SecurityEvents.prototype.record;
  }

  /**
   * Records an event in the transaction that makes it happen, and emits it after the commit.
   *
   * @throws what the host's `record` throws: the change is then rolled back
   */
  async tell(event: SecurityEvent, transaction: Transaction): Promise<void> {
    if (this.records) {
      await this.database.portTime('SecurityEvents.record', () => this.events.record(event, transaction));
    }
    transaction.afterCommit(() => this.emit(event));
  }

  /** Emits an event that belongs to no change of the database. Never throws. */
  emit(event: SecurityEvent): void {
    try {
      void Promise.resolve(this.events.emit(event)).catch((error: unknown) => this.fail(event, error));
    } catch (error) {
      this.fail(event, error);
    }
  }

  /**
   * Runs what is one statement as long as the host records nothing, and a transaction otherwise.
   *
   * @param work gets where to write: the transaction, or the database itself
   */
  async writing<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.records ? this.database.transaction(work) : work(this.database);
  }

  private fail({ name, accountId }: SecurityEvent, error: unknown): void {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
    this.logger.error({ event: 'security-event.lost', name, accountId, reason });
  }
}
