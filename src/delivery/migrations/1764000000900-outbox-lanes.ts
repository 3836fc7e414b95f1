import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Gives every queue of the outbox jobs of its own name, which a worker takes apart from the others.
 *
 * While a new program takes over, an older one still calls the function without a queue: hence the default. Messages that
 * it had queued keep their old name, and the worker knows that, too.
 */
export class OutboxLanes1764000000900 implements MigrationInterface {
  readonly name = 'OutboxLanes1764000000900';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION two_factor_enqueue(text, timestamptz)`);
    await runner.query(`
      CREATE FUNCTION two_factor_enqueue(payload text, discard_after timestamptz, queue text DEFAULT 'mail-code')
      RETURNS void
      LANGUAGE plpgsql
      SET search_path = pg_catalog, pg_temp
      AS $$
      BEGIN
        IF queue NOT IN ('mail-code', 'sms-code', 'notice') THEN
          RAISE EXCEPTION 'There is no queue named %', queue;
        END IF;
        PERFORM graphile_worker.add_job(
          'two-factor-' || queue,
          json_build_object('payload', payload, 'discardAfter', discard_after)
        );
      END
      $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION two_factor_enqueue(text, timestamptz, text)`);
    await runner.query(`
      CREATE FUNCTION two_factor_enqueue(payload text, discard_after timestamptz) RETURNS void
      LANGUAGE plpgsql
      SET search_path = pg_catalog, pg_temp
      AS $$
      BEGIN
        PERFORM graphile_worker.add_job(
          'two-factor-message',
          json_build_object('payload', payload, 'discardAfter', discard_after)
        );
      END
      $$`);
  }
}
