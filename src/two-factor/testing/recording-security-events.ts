import { SecurityEvents, type SecurityEvent, type SecurityEventName } from '../ports/security-events.js';
import type { Transaction } from '../postgres/transaction.js';

/**
 * Keeps events instead of logging them.
 *
 * @example
 * ```ts
 * const events = new RecordingSecurityEvents();
 * // … the test turns two-factor on
 * expect(events.namesOf(accountId)).toContain('two-factor.enabled');
 * ```
 */
export class RecordingSecurityEvents extends SecurityEvents {
  /** What `emit` was told, in order. */
  readonly emitted: SecurityEvent[] = [];
  /** What `record` was told in transactions that are committed: the rows of an audit table. */
  readonly recorded: SecurityEvent[] = [];
  private failure: Error | null = null;

  override emit(event: SecurityEvent): void {
    this.emitted.push(event);
  }

  override async record(event: SecurityEvent, transaction: Transaction): Promise<void> {
    if (this.failure) throw this.failure;
    transaction.afterCommit(() => this.recorded.push(event));
  }

  /** Names of what was emitted, of one account or of all, in order. */
  namesOf(accountId?: string): SecurityEventName[] {
    return this.emitted
      .filter((event) => accountId === undefined || event.accountId === accountId)
      .map(({ name }) => name);
  }

  /** Lets `record` fail with this error, as an audit table that cannot be written; null: `record` succeeds again. */
  failRecording(error: Error | null): void {
    this.failure = error;
  }
}
