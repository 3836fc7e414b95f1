import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Database, MessageDelivery, MessageWriter } from '../../two-factor/index.js';
import { Pool } from 'pg';
import { Library } from '../library.js';
import { GraphileOutbox } from './graphile-outbox.js';
import { OutboxOptions } from './outbox.options.js';
import { installQueue, QUEUE_SCHEMA } from './queue-schema.js';

/** Held while the tables are made; the number is arbitrary but ours. */
const INSTALL_LOCK = 7_260_241;

/**
 * Makes the tables of the queue at the first start. Without them the function that queues a message fails, and with it the
 * request of a client.
 */
@Injectable()
export class QueueSetup implements OnModuleInit {
  constructor(
    private readonly library: Library,
    private readonly outbox: GraphileOutbox,
    @Inject(OutboxOptions) private readonly options: OutboxOptions | null,
  ) {}

  /**
   * @throws {Error} naming the remedy, where the tables are missing and it is not known in which database to make them, or the
   *   worker has no TwoFactorModule to deliver by
   */
  async onModuleInit(): Promise<void> {
    if (this.options?.deliver) this.library.get(MessageDelivery);
    // An application may send mail by this folder and queue it by an outbox of its own.
    if (this.library.find(MessageWriter)?.enqueueFunction !== this.outbox.enqueueFunction) return;
    const database = this.library.get(Database);
    const [queue] = await database.query<{ readonly installed: boolean }>(
      `SELECT to_regclass('${QUEUE_SCHEMA}.jobs') IS NOT NULL AS installed`,
    );
    if (queue?.installed) return;
    if (!this.options) {
      throw new Error(
        'The tables of the outbox are missing: give DeliveryModule `outbox: { databaseUrl }`, or call `installQueue` of ' +
          'nestjs-two-factor/delivery after your migrations',
      );
    }
    await installOnce(this.options.databaseUrl);
  }
}

/** Of several processes that start at once one makes the tables, and the others wait for it. */
async function installOnce(connectionString: string): Promise<void> {
  const pool = new Pool({ connectionString, application_name: 'two-factor outbox', max: 2 });
  try {
    const client = await pool.connect();
    try {
      await client.query('SELECT pg_advisory_lock($1)', [INSTALL_LOCK]);
      await installQueue(pool);
    } finally {
      // The lock ends with its connection.
      client.release(true);
    }
  } finally {
    await pool.end();
  }
}
