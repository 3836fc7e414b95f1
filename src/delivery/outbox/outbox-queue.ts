import { Injectable } from '@nestjs/common';
import { Database } from '../../two-factor/index.js';
import { Library } from '../library.js';
import { QUEUE_STATE } from './outbox.statements.js';

export interface QueueState {
  /** Messages that are not sent yet. */
  readonly waiting: number;
  /** How many of them failed at least once. */
  readonly retrying: number;
  /** Age of the oldest of them; 0 when there is none. */
  readonly oldestSeconds: number;
}

/** Looks at the queue, which all processes share. */
@Injectable()
export class OutboxQueue {
  constructor(private readonly library: Library) {}

  /** @throws whatever the driver throws when the database cannot be asked */
  async state(): Promise<QueueState> {
    const [state] = await this.library.get(Database).query<QueueState>(QUEUE_STATE);
    return state ?? { waiting: 0, retrying: 0, oldestSeconds: 0 };
  }
}
