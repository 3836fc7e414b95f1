import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/** The factor's row that a trusted device rests on. Those that are trusted already rest on the only row of their kind. */
export class DevicesRestOnFactors1764000001700 implements MigrationInterface {
  readonly name = 'DevicesRestOnFactors1764000001700';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`ALTER TABLE two_factor_trusted_device ADD COLUMN rests_on uuid`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`ALTER TABLE two_factor_trusted_device DROP COLUMN rests_on`);
  }
}
