import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The bank's outbox: the library calls the function in the statement that makes a message. */
export class CreateOutbox1795000000000 implements MigrationInterface {
  readonly name = 'CreateOutbox1795000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outbox_message (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        payload text NOT NULL,
        queue text NOT NULL,
        discard_after timestamptz NOT NULL,
        due_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX outbox_message_due ON outbox_message (due_at)`);
    await runner.query(`
      CREATE FUNCTION enqueue_message(payload text, discard_after timestamptz, queue text) RETURNS void
      LANGUAGE sql AS $$ INSERT INTO outbox_message (payload, discard_after, queue) VALUES ($1, $2, $3) $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION enqueue_message`);
    await runner.query(`DROP TABLE outbox_message`);
  }
}
