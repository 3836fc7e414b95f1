import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/** Passkeys, the handles by which authenticators know accounts, and ceremonies that wait for an answer. */
export class CreatePasskeys1764000001650 implements MigrationInterface {
  readonly name = 'CreatePasskeys1764000001650';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`
      CREATE TABLE two_factor_passkey (
        tenant_id text NOT NULL DEFAULT '',
        id uuid NOT NULL,
        account_id text NOT NULL,
        rp_id text NOT NULL,
        credential_id bytea NOT NULL,
        public_key bytea NOT NULL,
        alg integer NOT NULL,
        sign_count bigint NOT NULL,
        transports text[] NOT NULL,
        aaguid uuid NOT NULL,
        device_bound boolean NOT NULL,
        backed_up boolean NOT NULL,
        name text NOT NULL,
        last_used_at timestamptz,
        clone_suspected_at timestamptz,
        staged_by text,
        staged_until timestamptz,
        confirmed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT two_factor_passkey_pkey PRIMARY KEY (tenant_id, id),
        CONSTRAINT two_factor_passkey_stage CHECK (
          (confirmed_at IS NULL) = (staged_by IS NOT NULL AND staged_until IS NOT NULL)
        )
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX two_factor_passkey_credential ON two_factor_passkey (tenant_id, rp_id, credential_id)`);
    await runner.query(`CREATE INDEX two_factor_passkey_account ON two_factor_passkey (account_id)`);
    await runner.query(`
      CREATE TABLE two_factor_passkey_owner (
        tenant_id text NOT NULL DEFAULT '',
        account_id text NOT NULL,
        handle bytea NOT NULL,
        CONSTRAINT two_factor_passkey_owner_pkey PRIMARY KEY (tenant_id, account_id)
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX two_factor_passkey_owner_handle ON two_factor_passkey_owner (tenant_id, handle)`);
    await runner.query(`
      CREATE TABLE two_factor_passkey_ceremony (
        tenant_id text NOT NULL DEFAULT '',
        challenge_hash bytea NOT NULL,
        kind text NOT NULL,
        account_id text,
        challenge_id uuid,
        session_id text,
        origin text,
        expires_at timestamptz NOT NULL,
        CONSTRAINT two_factor_passkey_ceremony_pkey PRIMARY KEY (tenant_id, challenge_hash),
        CONSTRAINT two_factor_passkey_ceremony_kind CHECK (kind IN ('registration', 'authentication'))
      )`);
    await runner.query(`
      CREATE INDEX two_factor_passkey_ceremony_expires_at ON two_factor_passkey_ceremony (expires_at)`);
    await runner.query(`
      CREATE INDEX two_factor_passkey_ceremony_account ON two_factor_passkey_ceremony (account_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`DROP TABLE two_factor_passkey_ceremony`);
    await runner.query(`DROP TABLE two_factor_passkey_owner`);
    await runner.query(`DROP TABLE two_factor_passkey`);
  }
}
