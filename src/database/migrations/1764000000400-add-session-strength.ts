import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How a session was proven, and through which trusted device it was opened. */
export class AddSessionStrength1764000000400 implements MigrationInterface {
  readonly name = 'AddSessionStrength1764000000400';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE sessions ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}', ADD COLUMN trusted_device_id uuid`);
    await runner.query(`UPDATE sessions SET amr = '{pwd,otp,mfa}' WHERE second_factor IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE sessions DROP COLUMN trusted_device_id, DROP COLUMN amr`);
  }
}
