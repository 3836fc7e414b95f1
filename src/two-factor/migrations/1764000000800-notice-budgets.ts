import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/** Budgets of notices, and the notices that wait for them. */
export class NoticeBudgets1764000000800 implements MigrationInterface {
  readonly name = 'NoticeBudgets1764000000800';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`
      CREATE TABLE two_factor_notice_budget (
        bucket text NOT NULL,
        full_at timestamptz NOT NULL,
        CONSTRAINT two_factor_notice_budget_pkey PRIMARY KEY (bucket)
      )`);
    await runner.query(`CREATE INDEX two_factor_notice_budget_full_at ON two_factor_notice_budget (full_at)`);
    await runner.query(`
      CREATE TABLE two_factor_pending_notice (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        account_id text NOT NULL,
        topic text NOT NULL,
        alarming boolean NOT NULL,
        facts jsonb NOT NULL,
        language text NOT NULL,
        times integer NOT NULL DEFAULT 1,
        since timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        CONSTRAINT two_factor_pending_notice_pkey PRIMARY KEY (id)
      )`);
    await runner.query(
      `CREATE INDEX two_factor_pending_notice_account ON two_factor_pending_notice (account_id, topic)`,
    );
    await runner.query(`CREATE INDEX two_factor_pending_notice_due_at ON two_factor_pending_notice (due_at)`);
    await runner.query(`CREATE INDEX two_factor_pending_notice_since ON two_factor_pending_notice (since)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`DROP TABLE two_factor_pending_notice`);
    await runner.query(`DROP TABLE two_factor_notice_budget`);
  }
}
