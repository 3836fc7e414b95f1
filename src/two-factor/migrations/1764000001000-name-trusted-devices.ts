import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/**
 * An unchanging name in the token of a trusted device. Tokens without it cannot be told from copies, so devices that are
 * trusted already have to prove a second factor once more.
 */
export class NameTrustedDevices1764000001000 implements MigrationInterface {
  readonly name = 'NameTrustedDevices1764000001000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`DELETE FROM two_factor_attempts WHERE lane <> 'account'`);
    await runner.query(`DELETE FROM two_factor_trusted_device`);
    await runner.query(`ALTER TABLE two_factor_trusted_device ADD COLUMN family_hash bytea NOT NULL`);
    await runner.query(`
      CREATE UNIQUE INDEX two_factor_trusted_device_family ON two_factor_trusted_device (family_hash)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`ALTER TABLE two_factor_trusted_device DROP COLUMN family_hash`);
  }
}
