import { Injectable } from '@nestjs/common';
import { Outbox } from 'nestjs-two-factor';

/** The outbox is a table of the bank, see the migration `CreateOutbox`. */
@Injectable()
export class BankOutbox extends Outbox {
  override readonly enqueueFunction = 'enqueue_message';
}
