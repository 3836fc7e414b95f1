import { Module, type DynamicModule } from '@nestjs/common';
import { OutboxOptions, type OutboxModuleOptions } from './outbox.options.js';
import { OutboxQueue } from './outbox-queue.js';
import { OutboxWorker } from './outbox-worker.js';

/** Works the outbox. Expects DeliveryModule and the library's module, global, beside it. */
@Module({})
export class OutboxModule {
  static forRoot(options: OutboxModuleOptions): DynamicModule {
    return {
      module: OutboxModule,
      global: true,
      providers: [{ provide: OutboxOptions, useFactory: () => new OutboxOptions(options) }, OutboxQueue, OutboxWorker],
      exports: [OutboxQueue],
    };
  }
}
