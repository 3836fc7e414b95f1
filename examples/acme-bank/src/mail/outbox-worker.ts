import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { MessageDelivery } from 'nestjs-two-factor';
import { DataSource } from 'typeorm';
import { BANK } from '../database/data-source-options.js';

const INTERVAL_MS = 200;
const ATTEMPT_MS = 15_000;

/** Sends what the outbox holds, a message at a time. A message that was not sent is due again after a minute. */
@Injectable()
export class OutboxWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('OutboxWorker');
  private timer: NodeJS.Timeout | undefined;
  private work: Promise<void> = Promise.resolve();
  private ended = false;

  constructor(
    @InjectDataSource(BANK) private readonly database: DataSource,
    private readonly delivery: MessageDelivery,
  ) {}

  onApplicationBootstrap(): void {
    this.next();
  }

  async onApplicationShutdown(): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    await this.work;
  }

  private next(): void {
    if (this.ended) return;
    this.timer = setTimeout(() => {
      this.work = this.sendOne()
        .catch((error: unknown) => this.logger.error(error))
        .finally(() => this.next());
    }, INTERVAL_MS);
  }

  private async sendOne(): Promise<void> {
    const rows: Array<{ id: string; payload: string }> = await this.database.query(
      `WITH taken AS (
         UPDATE outbox_message SET due_at = now() + interval '1 minute'
         WHERE id = (SELECT id FROM outbox_message WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, payload
       ) SELECT id, payload FROM taken`,
    );
    for (const { id, payload } of rows) {
      await this.delivery.deliver(payload, AbortSignal.timeout(ATTEMPT_MS));
      await this.database.query(`DELETE FROM outbox_message WHERE id = $1`, [id]);
    }
  }
}
