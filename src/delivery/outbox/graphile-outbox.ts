import { Injectable } from '@nestjs/common';
import { Outbox } from '../../two-factor/index.js';

/** Queues messages as jobs of graphile-worker, by a function that a migration of this service makes. */
@Injectable()
export class GraphileOutbox extends Outbox {
  override readonly enqueueFunction = 'two_factor_enqueue';
}
