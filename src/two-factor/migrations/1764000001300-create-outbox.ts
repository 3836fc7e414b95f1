import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/**
 * The messages that wait for a worker.
 *
 * The index is in the order in which a worker takes messages: those of its queue, new ones before retried ones, the oldest
 * first. A lease changes no indexed column, so Postgres writes it without touching the index.
 */
export class CreateOutboxTable1764000001300 implements MigrationInterface {
  readonly name = 'CreateOutboxTable1764000001300';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`
      CREATE TABLE two_factor_outbox (
        id bigint GENERATED ALWAYS AS IDENTITY,
        queue text NOT NULL,
        payload text NOT NULL,
        discard_after timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        due_at timestamptz NOT NULL DEFAULT '-infinity',
        locked_until timestamptz,
        attempts smallint NOT NULL DEFAULT 0,
        last_error text,
        CONSTRAINT two_factor_outbox_pkey PRIMARY KEY (id),
        CONSTRAINT two_factor_outbox_queue CHECK (queue IN ('mail-code', 'sms-code', 'notice'))
      )`);
    await runner.query(`CREATE INDEX two_factor_outbox_due ON two_factor_outbox (queue, due_at, id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`DROP TABLE two_factor_outbox`);
  }
}
