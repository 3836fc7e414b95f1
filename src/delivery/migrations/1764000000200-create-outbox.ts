import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The function that queues messages as jobs of graphile-worker.
 *
 * graphile-worker looks after its schema itself, and the body of a function is bound when it runs: so neither needs the
 * other to be there first.
 */
export class CreateOutbox1764000000200 implements MigrationInterface {
  readonly name = 'CreateOutbox1764000000200';

  async up(runner: QueryRunner): Promise<void> {
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

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION two_factor_enqueue(text, timestamptz)`);
  }
}
