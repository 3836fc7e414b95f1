import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables that the bank had before two-factor authentication. */
export class CreateCustomers1700000000000 implements MigrationInterface {
  readonly name = 'CreateCustomers1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE customer (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        email text NOT NULL UNIQUE,
        full_name text NOT NULL,
        password_digest text NOT NULL,
        uses_second_factor boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE customer_session (
        id uuid PRIMARY KEY,
        token_hash bytea NOT NULL UNIQUE,
        customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
        branch text NOT NULL,
        second_factor_at timestamptz,
        trusted_device_id text,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX customer_session_customer ON customer_session (customer_id)`);
    await runner.query(`
      CREATE TABLE audit_entry (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        customer_id bigint,
        ip text,
        session_id text,
        request_id text,
        details jsonb,
        at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audit_entry, customer_session, customer`);
  }
}
