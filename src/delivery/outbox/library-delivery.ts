import { Injectable } from '@nestjs/common';
import { MessageDelivery } from '../../two-factor/index.js';
import { Library } from '../library.js';
import type { Delivery } from './message-task.js';

/** Delivers by the library's module. */
@Injectable()
export class LibraryDelivery implements Delivery {
  constructor(private readonly library: Library) {}

  /** @throws as `MessageDelivery.deliver`; {Error} where the application has no TwoFactorModule */
  async deliver(payload: string, signal: AbortSignal): Promise<void> {
    return this.library.get(MessageDelivery).deliver(payload, signal);
  }
}
