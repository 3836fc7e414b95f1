import { Injectable } from '@nestjs/common';
import { Outbox } from '../../two-factor/index.js';

/** Queues messages as jobs of graphile-worker, by a function that `deliveryMigrations` make. */
@Injectable()
export class GraphileOutbox extends Outbox {
  override readonly enqueueFunction = 'two_factor_enqueue';
}
