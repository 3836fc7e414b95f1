import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Names that earlier programs gave the jobs of each queue. The last one was for all messages, before there were queues. */
const QUEUES = `(VALUES
  ('two-factor-mail-code', 'mail-code'), ('two-factor-sms-code', 'sms-code'), ('two-factor-notice', 'notice'),
  ('two-factor-message', 'mail-code')) AS known (task, queue)`;

/**
 * Messages wait in the table `two_factor_outbox` instead of graphile-worker's. Moves the jobs that wait, and keeps
 * `two_factor_enqueue` for programs of the previous release, which call it until the last of them has stopped. A later
 * release drops the function.
 *
 * A job that an earlier program is working on, or queues while this runs, stays with the worker of that program: moved, it
 * could be sent twice.
 *
 * On a new database there is no schema `graphile_worker`, and nothing to move.
 */
export class MoveGraphileJobs1764000001400 implements MigrationInterface {
  readonly name = 'MoveGraphileJobs1764000001400';

  async up(runner: QueryRunner): Promise<void> {
    const [place] = (await runner.query(
      `SELECT quote_ident(n.nspname) AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.oid = to_regclass('two_factor_outbox')`,
    )) as [{ schema: string }];
    const table = `${place.schema}.two_factor_outbox`;
    await runner.query(`
      CREATE OR REPLACE FUNCTION two_factor_enqueue(payload text, discard_after timestamptz, queue text DEFAULT 'mail-code')
      RETURNS void
      LANGUAGE plpgsql
      SET search_path = pg_catalog, pg_temp
      AS $$
      BEGIN
        IF queue NOT IN ('mail-code', 'sms-code', 'notice') THEN
          RAISE EXCEPTION 'There is no queue named %', queue;
        END IF;
        INSERT INTO ${table} (payload, discard_after, queue) VALUES ($1, $2, $3);
      END
      $$`);
    if (!(await hasJobs(runner))) return;
    await runner.query(`
      WITH taken AS (
        DELETE FROM graphile_worker._private_jobs j USING graphile_worker._private_tasks t, ${QUEUES}
        WHERE t.id = j.task_id AND known.task = t.identifier AND j.locked_at IS NULL
        RETURNING known.queue, j.payload, j.created_at, j.run_at, j.last_error
      )
      INSERT INTO ${table} (queue, payload, discard_after, created_at, due_at, last_error)
      SELECT queue, payload ->> 'payload', (payload ->> 'discardAfter')::timestamptz, created_at,
        CASE WHEN last_error IS NULL THEN '-infinity' ELSE run_at END, last_error
      FROM taken ORDER BY created_at`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION two_factor_enqueue(payload text, discard_after timestamptz, queue text DEFAULT 'mail-code')
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
    if (!(await hasJobs(runner))) return;
    await runner.query(`
      WITH taken AS (DELETE FROM two_factor_outbox RETURNING id, queue, payload, discard_after)
      SELECT two_factor_enqueue(payload, discard_after, queue) FROM (SELECT * FROM taken ORDER BY id) AS waiting`);
  }
}

async function hasJobs(runner: QueryRunner): Promise<boolean> {
  const [found] = (await runner.query(`SELECT to_regclass('graphile_worker._private_jobs') IS NOT NULL AS found`)) as [
    { found: boolean },
  ];
  return found.found;
}
