import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/** The library's tables: authenticators, backup codes, challenges, attempts, keys in use. */
export class CreateTwoFactor1764000000000 implements MigrationInterface {
  readonly name = 'CreateTwoFactor1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`
      CREATE TABLE two_factor_key (
        kid text NOT NULL,
        fingerprint bytea NOT NULL,
        first_used_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT two_factor_key_pkey PRIMARY KEY (kid)
      )`);
    await runner.query(`
      CREATE TABLE two_factor_attempts (
        account_id text NOT NULL,
        failures integer NOT NULL DEFAULT 0,
        locks integer NOT NULL DEFAULT 0,
        locked_until timestamptz,
        last_guess_at timestamptz,
        CONSTRAINT two_factor_attempts_pkey PRIMARY KEY (account_id)
      )`);
    await runner.query(`
      CREATE TABLE two_factor_authenticator (
        id uuid NOT NULL,
        account_id text NOT NULL,
        secret text NOT NULL,
        issuer text NOT NULL,
        label text NOT NULL,
        last_step bigint NOT NULL DEFAULT -1,
        staged_by text,
        staged_until timestamptz,
        confirmed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT two_factor_authenticator_pkey PRIMARY KEY (id),
        CONSTRAINT two_factor_authenticator_stage CHECK (
          (confirmed_at IS NULL) = (staged_by IS NOT NULL AND staged_until IS NOT NULL)
        )
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX two_factor_authenticator_confirmed
        ON two_factor_authenticator (account_id) WHERE confirmed_at IS NOT NULL`);
    await runner.query(`CREATE INDEX two_factor_authenticator_account ON two_factor_authenticator (account_id)`);
    await runner.query(`
      CREATE TABLE two_factor_backup_code (
        account_id text NOT NULL,
        code_hash bytea NOT NULL,
        staged_for uuid,
        CONSTRAINT two_factor_backup_code_pkey PRIMARY KEY (account_id, code_hash),
        CONSTRAINT two_factor_backup_code_staged_for_fkey
          FOREIGN KEY (staged_for) REFERENCES two_factor_authenticator (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX two_factor_backup_code_staged_for ON two_factor_backup_code (staged_for)`);
    await runner.query(`
      CREATE TABLE two_factor_challenge (
        id uuid NOT NULL,
        token_hash bytea NOT NULL,
        account_id text NOT NULL,
        guesses smallint NOT NULL DEFAULT 0,
        context jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        CONSTRAINT two_factor_challenge_pkey PRIMARY KEY (id)
      )`);
    await runner.query(`CREATE UNIQUE INDEX two_factor_challenge_token_hash ON two_factor_challenge (token_hash)`);
    await runner.query(`CREATE INDEX two_factor_challenge_account ON two_factor_challenge (account_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`DROP TABLE two_factor_challenge`);
    await runner.query(`DROP TABLE two_factor_backup_code`);
    await runner.query(`DROP TABLE two_factor_authenticator`);
    await runner.query(`DROP TABLE two_factor_attempts`);
    await runner.query(`DROP TABLE two_factor_key`);
  }
}
