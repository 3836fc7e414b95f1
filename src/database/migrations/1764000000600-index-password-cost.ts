import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The cost of stored password hashes, so that a start finds the highest one without reading the table. The third field of
 * bcrypt's format `$2b$12$…`: two digits, which sort as text as they do as numbers.
 */
export class IndexPasswordCost1764000000600 implements MigrationInterface {
  readonly name = 'IndexPasswordCost1764000000600';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX users_password_cost_idx ON users (substr(password_hash, 5, 2))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX users_password_cost_idx`);
  }
}
