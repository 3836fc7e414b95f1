import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedTable, placementOf } from 'nestjs-two-factor';

/** The tables of hardware keys. The migration runs after the library's own, because a sealed row refers to its key. */
export class CreateHardwareKey1790000000000 implements MigrationInterface {
  readonly name = 'CreateHardwareKey1790000000000';

  async up(runner: QueryRunner): Promise<void> {
    const key = placedTable('two_factor_key', placementOf(runner.connection));
    await runner.query(`
      CREATE TABLE bank_hardware_key (
        id uuid NOT NULL,
        account_id text NOT NULL,
        secret text NOT NULL,
        kid text NOT NULL,
        label text NOT NULL,
        last_used_at timestamptz,
        staged_by text,
        staged_until timestamptz,
        confirmed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT bank_hardware_key_pkey PRIMARY KEY (id),
        CONSTRAINT bank_hardware_key_stage CHECK (
          (confirmed_at IS NULL) = (staged_by IS NOT NULL AND staged_until IS NOT NULL)
        ),
        CONSTRAINT bank_hardware_key_sealed_by CHECK (kid = split_part(secret, '.', 1)),
        CONSTRAINT bank_hardware_key_kid_fkey FOREIGN KEY (kid) REFERENCES ${key} (live_kid)
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX bank_hardware_key_confirmed
        ON bank_hardware_key (account_id) WHERE confirmed_at IS NOT NULL`);
    await runner.query(`CREATE INDEX bank_hardware_key_account ON bank_hardware_key (account_id)`);
    await runner.query(`CREATE INDEX bank_hardware_key_kid ON bank_hardware_key (kid, id)`);
    await runner.query(`
      CREATE TABLE bank_hardware_key_nonce (
        bound_to text NOT NULL,
        account_id text NOT NULL,
        nonce bytea NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT bank_hardware_key_nonce_pkey PRIMARY KEY (bound_to)
      )`);
    await runner.query(`CREATE INDEX bank_hardware_key_nonce_account ON bank_hardware_key_nonce (account_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE bank_hardware_key_nonce`);
    await runner.query(`DROP TABLE bank_hardware_key`);
  }
}
