import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/** Budgets of sends refill steadily instead of once a day. */
export class SlidingSendBudgets1764000000700 implements MigrationInterface {
  readonly name = 'SlidingSendBudgets1764000000700';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    // A counter of a day does not tell when its sends were; read as a sliding one it could block an account for hours.
    await runner.query(`DELETE FROM two_factor_send_budget`);
    await runner.query(`ALTER TABLE two_factor_send_budget DROP COLUMN used`);
    await runner.query(`ALTER TABLE two_factor_send_budget RENAME COLUMN resets_at TO refilled_at`);
    await runner.query(`ALTER INDEX two_factor_send_budget_resets_at RENAME TO two_factor_send_budget_refilled_at`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`DELETE FROM two_factor_send_budget`);
    await runner.query(`ALTER INDEX two_factor_send_budget_refilled_at RENAME TO two_factor_send_budget_resets_at`);
    await runner.query(`ALTER TABLE two_factor_send_budget RENAME COLUMN refilled_at TO resets_at`);
    await runner.query(`ALTER TABLE two_factor_send_budget ADD COLUMN used integer NOT NULL`);
  }
}
