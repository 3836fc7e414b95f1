import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Mailed links of the standalone service's accounts, and the budgets of these mails. */
export class AccountLinks1764000001100 implements MigrationInterface {
  readonly name = 'AccountLinks1764000001100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE account_links (
        token_hash bytea NOT NULL,
        user_id uuid NOT NULL,
        topic text NOT NULL,
        email text NOT NULL,
        password_version integer NOT NULL,
        session_id uuid,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT account_links_pkey PRIMARY KEY (token_hash),
        CONSTRAINT account_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX account_links_user_id_idx ON account_links (user_id)`);
    await runner.query(`CREATE INDEX account_links_expires_at_idx ON account_links (expires_at)`);
    await runner.query(`
      CREATE TABLE account_mail_budgets (
        bucket text NOT NULL,
        refilled_at timestamptz NOT NULL,
        CONSTRAINT account_mail_budgets_pkey PRIMARY KEY (bucket)
      )`);
    await runner.query(`CREATE INDEX account_mail_budgets_refilled_at_idx ON account_mail_budgets (refilled_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE account_mail_budgets`);
    await runner.query(`DROP TABLE account_links`);
  }
}
