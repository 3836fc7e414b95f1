import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/** Trusted devices, and a lane of attempts for each of them. */
export class CreateTrustedDevices1764000000300 implements MigrationInterface {
  readonly name = 'CreateTrustedDevices1764000000300';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`
      CREATE TABLE two_factor_trusted_device (
        id uuid NOT NULL,
        account_id text NOT NULL,
        token_hash bytea NOT NULL,
        rotated_hashes bytea[] NOT NULL DEFAULT '{}',
        rotated_at timestamptz[] NOT NULL DEFAULT '{}',
        name text NOT NULL,
        ip_address text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        absolute_expires_at timestamptz(3) NOT NULL,
        CONSTRAINT two_factor_trusted_device_pkey PRIMARY KEY (id)
      )`);
    await runner.query(`CREATE INDEX two_factor_trusted_device_account ON two_factor_trusted_device (account_id)`);
    await runner.query(`
      ALTER TABLE two_factor_attempts ADD COLUMN lane text NOT NULL DEFAULT 'account',
        DROP CONSTRAINT two_factor_attempts_pkey,
        ADD CONSTRAINT two_factor_attempts_pkey PRIMARY KEY (account_id, lane)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`DELETE FROM two_factor_attempts WHERE lane <> 'account'`);
    await runner.query(`
      ALTER TABLE two_factor_attempts DROP CONSTRAINT two_factor_attempts_pkey,
        ADD CONSTRAINT two_factor_attempts_pkey PRIMARY KEY (account_id),
        DROP COLUMN lane`);
    await runner.query(`DROP TABLE two_factor_trusted_device`);
  }
}
