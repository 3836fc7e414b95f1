import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Acme's table of employees, older than any second factor: integer ids, user names, no addresses. */
export class CreateEmployees1500000000000 implements MigrationInterface {
  readonly name = 'CreateEmployees1500000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE employee (
        id serial PRIMARY KEY,
        username text NOT NULL UNIQUE,
        full_name text NOT NULL,
        department text NOT NULL,
        password_digest text NOT NULL,
        uses_second_factor boolean NOT NULL DEFAULT false,
        hired_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE employee`);
  }
}
