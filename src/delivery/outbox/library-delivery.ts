import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Database, MessageDelivery, OutboxSignal, type Statement } from '../../two-factor/index.js';
import { Library } from '../library.js';
import { OutboxOptions } from './outbox.options.js';

/** SQL with its values, for the driver. */
export interface Query {
  readonly text: string;
  readonly values: unknown[];
}

/** What the worker needs of the library. */
export interface Delivery {
  /** Delivers a payload or throws. */
  deliver(payload: string, signal: AbortSignal): Promise<void>;
  /** Composes a statement for the worker's own connection. */
  compose<Row extends object, Values extends object>(statement: Statement<Row, Values>, values: Values): Query;
  /** Calls `listener` when this process queued a message. @returns a function that ends it */
  whenQueued(listener: () => void): () => void;
}

/** Delivers by the library's module. */
@Injectable()
export class LibraryDelivery implements Delivery, OnModuleInit {
  constructor(
    private readonly library: Library,
    @Inject(OutboxOptions) private readonly options: OutboxOptions | null,
  ) {}

  /** @throws {Error} where a worker is to run and the application has no TwoFactorModule to deliver by */
  onModuleInit(): void {
    if (this.options?.deliver) this.library.get(MessageDelivery);
  }

  /** @throws as `MessageDelivery.deliver` */
  async deliver(payload: string, signal: AbortSignal): Promise<void> {
    return this.library.get(MessageDelivery).deliver(payload, signal);
  }

  compose<Row extends object, Values extends object>(statement: Statement<Row, Values>, values: Values): Query {
    return this.library.get(Database).compose(statement, values);
  }

  whenQueued(listener: () => void): () => void {
    return this.library.get(OutboxSignal).whenQueued(listener);
  }
}
