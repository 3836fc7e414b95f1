import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/** Names the counter of an account by its scope: the account itself, or one of its trusted devices. */
export class RenameLaneToScope1764000001200 implements MigrationInterface {
  readonly name = 'RenameLaneToScope1764000001200';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`ALTER TABLE two_factor_attempts RENAME COLUMN lane TO scope`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`ALTER TABLE two_factor_attempts RENAME COLUMN scope TO lane`);
  }
}
