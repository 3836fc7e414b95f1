import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The index by which a job finds sessions that are over. By the absolute end, which never changes: the sliding end is written
 * while a session is used, and an index on it would be written each time.
 */
export class IndexSessionEnd1764000001600 implements MigrationInterface {
  readonly name = 'IndexSessionEnd1764000001600';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX sessions_absolute_expires_at_idx ON sessions (absolute_expires_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX sessions_absolute_expires_at_idx`);
  }
}
