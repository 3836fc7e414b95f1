import type { MessageQueue } from '../../two-factor/index.js';
import type { MessageTask, Outcome } from './message-task.js';
import type { Concurrency } from './outbox.options.js';
import type { LeasedMessage } from './outbox.statements.js';

/** A finished attempt, which is not recorded in the table yet. */
export interface Finished {
  readonly message: LeasedMessage;
  readonly outcome: Outcome;
}

/**
 * The attempts of this process. Each queue has its own limit, so a provider that hangs delays its own messages only.
 *
 * It outlives connections: an attempt goes on while the worker reconnects, and its result is recorded afterwards.
 */
export class Attempts {
  private readonly running = new Map<string, LeasedMessage>();
  private readonly finished = new Map<string, Finished>();
  private readonly aborting = new AbortController();
  private readonly ends = new Set<Promise<void>>();

  /** @param changed called after each attempt */
  constructor(
    private readonly task: MessageTask,
    private readonly concurrency: Concurrency,
    private readonly changed: () => void,
  ) {}

  /** How many more messages of a queue may be sent now. */
  free(queue: MessageQueue): number {
    let used = 0;
    for (const message of this.running.values()) if (message.queue === queue) used++;
    return this.concurrency[queue] - used;
  }

  /**
   * Starts to send a message.
   *
   * A message that was sent, and whose row could not be deleted before its lease ended, comes here again: its row is then
   * deleted, and it is not sent twice.
   */
  start(message: LeasedMessage): void {
    const { id } = message;
    if (this.running.has(id)) return;
    if (this.finished.get(id)?.outcome.done) return;
    this.running.set(id, message);
    const end = this.task.attempt(message, this.aborting.signal).then((outcome) => {
      this.running.delete(id);
      this.finished.set(id, { message, outcome });
      this.ends.delete(end);
      this.changed();
    });
    this.ends.add(end);
  }

  /** Finished attempts to record. They stay until `recorded`. */
  toRecord(): readonly Finished[] {
    return [...this.finished.values()];
  }

  recorded(attempts: readonly Finished[]): void {
    for (const attempt of attempts) {
      if (this.finished.get(attempt.message.id) === attempt) this.finished.delete(attempt.message.id);
    }
  }

  /** Resolves when no attempt is running. */
  async ended(): Promise<void> {
    await Promise.all(this.ends);
  }

  /** Aborts the running attempts: they fail, and are retried later. */
  abort(): void {
    this.aborting.abort();
  }
}
