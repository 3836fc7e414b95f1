import { Logger } from '@nestjs/common';
import { within } from '../deadline.js';
import { DeliveryError, describeError, MessageRefusedError } from '../delivery-error.js';
import type { Delivery } from './library-delivery.js';
import type { LeasedMessage } from './outbox.statements.js';

/** Attempts in a row that no process finished, after which a message is given up: it ends every process that sends it. */
const MOST_UNFINISHED = 25;

/** Result of an attempt: the message is done with, or failed for a reason of names and codes and must be retried. */
export type Outcome = { readonly done: true } | { readonly done: false; readonly reason: string };

const DONE: Outcome = { done: true };

/** Makes one attempt at a queued message. */
export class MessageTask {
  private readonly logger = new Logger('Outbox');

  constructor(
    private readonly delivery: Pick<Delivery, 'deliver'>,
    private readonly timeoutMs: number,
  ) {}

  /** Never throws. A message is done with when it was sent, is obsolete, was refused permanently or is given up. */
  async attempt(message: LeasedMessage, signal: AbortSignal): Promise<Outcome> {
    const line = { job: message.id, ageSeconds: Math.round(message.age) };
    if (message.attempts > MOST_UNFINISHED) {
      this.logger.error({ event: 'message.given-up', ...line, reason: `${MOST_UNFINISHED} attempts did not end` });
      return DONE;
    }
    try {
      await within(this.timeoutMs, signal, (limited) => this.delivery.deliver(message.payload, limited));
      return DONE;
    } catch (error) {
      const reason = describeError(error);
      if (error instanceof MessageRefusedError) {
        this.logger.warn({ event: 'message.refused', ...line, reason });
        return DONE;
      }
      if (message.livesFor <= 0) {
        this.logger.warn({ event: 'message.given-up', ...line, reason });
        return DONE;
      }
      // The senders of this folder have already logged it.
      this.logger[error instanceof DeliveryError ? 'debug' : 'warn']({ event: 'message.failed', ...line, reason });
      return { done: false, reason };
    }
  }
}
