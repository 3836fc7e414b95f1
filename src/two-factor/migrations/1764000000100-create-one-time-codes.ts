import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/** Ways to send codes, the codes that were sent, and how much may still be sent. */
export class CreateOneTimeCodes1764000000100 implements MigrationInterface {
  readonly name = 'CreateOneTimeCodes1764000000100';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    // Staged codes may wait for an authenticator or for a way to send codes.
    await runner.query(`ALTER TABLE two_factor_backup_code DROP CONSTRAINT two_factor_backup_code_staged_for_fkey`);
    await runner.query(`
      CREATE TABLE two_factor_otp_method (
        id uuid NOT NULL,
        account_id text NOT NULL,
        channel text NOT NULL,
        destination text,
        staged_by text,
        staged_until timestamptz,
        confirmed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT two_factor_otp_method_pkey PRIMARY KEY (id),
        CONSTRAINT two_factor_otp_method_stage CHECK (
          (confirmed_at IS NULL) = (staged_by IS NOT NULL AND staged_until IS NOT NULL)
        )
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX two_factor_otp_method_confirmed
        ON two_factor_otp_method (account_id, channel) WHERE confirmed_at IS NOT NULL`);
    await runner.query(`CREATE INDEX two_factor_otp_method_account ON two_factor_otp_method (account_id)`);
    await runner.query(`
      CREATE TABLE two_factor_one_time_code (
        id uuid NOT NULL,
        account_id text NOT NULL,
        binding text NOT NULL,
        challenge_id uuid,
        channel text NOT NULL,
        method_id uuid,
        kid text NOT NULL,
        nonce bytea NOT NULL,
        sends smallint NOT NULL DEFAULT 1,
        last_sent_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        CONSTRAINT two_factor_one_time_code_pkey PRIMARY KEY (id),
        CONSTRAINT two_factor_one_time_code_challenge_id_fkey
          FOREIGN KEY (challenge_id) REFERENCES two_factor_challenge (id) ON DELETE CASCADE,
        CONSTRAINT two_factor_one_time_code_method_id_fkey
          FOREIGN KEY (method_id) REFERENCES two_factor_otp_method (id) ON DELETE CASCADE
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX two_factor_one_time_code_binding ON two_factor_one_time_code (binding, channel)`);
    await runner.query(`CREATE INDEX two_factor_one_time_code_account ON two_factor_one_time_code (account_id)`);
    await runner.query(`CREATE INDEX two_factor_one_time_code_challenge ON two_factor_one_time_code (challenge_id)`);
    await runner.query(`CREATE INDEX two_factor_one_time_code_method ON two_factor_one_time_code (method_id)`);
    await runner.query(`
      CREATE TABLE two_factor_send_budget (
        bucket text NOT NULL,
        used integer NOT NULL,
        resets_at timestamptz NOT NULL,
        CONSTRAINT two_factor_send_budget_pkey PRIMARY KEY (bucket)
      )`);
    await runner.query(`CREATE INDEX two_factor_send_budget_resets_at ON two_factor_send_budget (resets_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`DROP TABLE two_factor_send_budget`);
    await runner.query(`DROP TABLE two_factor_one_time_code`);
    await runner.query(`DROP TABLE two_factor_otp_method`);
    await runner.query(`
      DELETE FROM two_factor_backup_code b WHERE b.staged_for IS NOT NULL
        AND NOT EXISTS (SELECT FROM two_factor_authenticator a WHERE a.id = b.staged_for)`);
    await runner.query(`
      ALTER TABLE two_factor_backup_code ADD CONSTRAINT two_factor_backup_code_staged_for_fkey
        FOREIGN KEY (staged_for) REFERENCES two_factor_authenticator (id) ON DELETE CASCADE`);
  }
}
