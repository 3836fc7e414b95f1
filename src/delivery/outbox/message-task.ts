import { Logger } from '@nestjs/common';
import type { Job } from 'graphile-worker';
import { within } from '../deadline.js';
import { DeliveryError, describeError, MessageRefusedError } from '../delivery-error.js';

/** Delivers a payload or throws; `MessageDelivery` of the library. */
export interface Delivery {
  deliver(payload: string, signal: AbortSignal): Promise<void>;
}

/** What `two_factor_enqueue` writes. */
interface QueuedMessage {
  readonly payload: string;
  /** ISO 8601 */
  readonly discardAfter: string;
}

/** A failed attempt. The queue's table stores its message, so that contains names and codes only. */
export class AttemptFailedError extends Error {
  override readonly name = 'AttemptFailedError';
}

/** Makes one attempt at a queued message. */
export class MessageTask {
  private readonly logger = new Logger('Outbox');
  /** Finished jobs still in the table: the connection broke before their removal. */
  private readonly delivered = new Set<string>();

  constructor(
    private readonly delivery: Delivery,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Resolves when the job can be removed: the message was sent, is obsolete, or was refused permanently.
   *
   * @throws {AttemptFailedError} when the message must be retried
   */
  async attempt(job: Job, signal: AbortSignal): Promise<void> {
    if (this.delivered.has(job.id)) return;
    const { payload, discardAfter } = job.payload as QueuedMessage;
    try {
      await within(this.timeoutMs, signal, (limited) => this.delivery.deliver(payload, limited));
      this.delivered.add(job.id);
    } catch (error) {
      const reason = describeError(error);
      const line = { job: job.id, ageSeconds: Math.round(ageMs(job) / 1000), reason };
      if (error instanceof MessageRefusedError) {
        this.logger.warn({ event: 'message.refused', ...line });
      } else if (takenAt(job) >= Date.parse(discardAfter)) {
        this.logger.warn({ event: 'message.given-up', ...line });
      } else {
        // The senders of this folder have already logged it.
        this.logger[error instanceof DeliveryError ? 'debug' : 'warn']({ event: 'message.failed', ...line });
        throw new AttemptFailedError(reason);
      }
    }
  }

  /** Records that the job was removed from the table. */
  forget(job: Job): void {
    this.delivered.delete(job.id);
  }
}

/** @returns milliseconds from queueing the message to this attempt, both by the database's clock */
export function ageMs(job: Job): number {
  return takenAt(job) - job.created_at.getTime();
}

function takenAt({ locked_at, created_at }: Job): number {
  return (locked_at ?? created_at).getTime();
}
