import { Injectable } from '@nestjs/common';
import { Database } from '../../two-factor/index.js';
import { Library } from '../library.js';
import { QUEUE_STATE } from './outbox.statements.js';

export interface QueueState {
  /** Number of messages that are not sent yet. */
  readonly waiting: number;
  /** Number of these that failed at least once. */
  readonly retrying: number;
  /** Age of the oldest of these; 0 if there is none. */
  readonly oldestSeconds: number;
}

/** Reads the state of the queue, which all processes share. */
@Injectable()
export class OutboxQueue {
  constructor(private readonly library: Library) {}

  /** @throws the driver's error when the database is unavailable */
  async state(): Promise<QueueState> {
    const [state] = await this.library.get(Database).query(QUEUE_STATE);
    return state ?? { waiting: 0, retrying: 0, oldestSeconds: 0 };
  }
}
