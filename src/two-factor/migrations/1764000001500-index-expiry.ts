import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/**
 * Indexes by which a job finds expired rows. Requests swept their own account's before.
 *
 * A code of a challenge is deleted with its challenge, so the index has codes of sessions only.
 */
export class IndexExpiry1764000001500 implements MigrationInterface {
  readonly name = 'IndexExpiry1764000001500';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`CREATE INDEX two_factor_challenge_expires_at ON two_factor_challenge (expires_at)`);
    await runner.query(
      `CREATE INDEX two_factor_one_time_code_expires_at ON two_factor_one_time_code (expires_at) WHERE challenge_id IS NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`DROP INDEX two_factor_one_time_code_expires_at`);
    await runner.query(`DROP INDEX two_factor_challenge_expires_at`);
  }
}
