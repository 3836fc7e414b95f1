import type { MigrationInterface, QueryRunner } from 'typeorm';
import { placedRunner } from './placed-runner.js';

/**
 * The life of a key: since when it seals, until when it sealed, when it was retired. Sealed rows refer to their key, so
 * that Postgres itself keeps a key from being retired too early, and a retired one from sealing.
 */
export class AddKeyLife1764000000500 implements MigrationInterface {
  readonly name = 'AddKeyLife1764000000500';

  async up(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    await runner.query(`
      ALTER TABLE two_factor_key
        ADD COLUMN live_kid text,
        ADD COLUMN last_current_at timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN retired_at timestamptz`);
    await runner.query(`UPDATE two_factor_key SET live_kid = kid`);
    await runner.query(`
      ALTER TABLE two_factor_key
        ADD CONSTRAINT two_factor_key_live_kid_key UNIQUE (live_kid),
        ADD CONSTRAINT two_factor_key_retired CHECK (
          (retired_at IS NULL AND live_kid IS NOT NULL AND live_kid = kid)
          OR (retired_at IS NOT NULL AND live_kid IS NULL)
        )`);
    for (const [table, sealed] of [
      ['two_factor_authenticator', 'secret'],
      ['two_factor_otp_method', 'destination'],
    ] as const) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN kid text`);
      await runner.query(`UPDATE ${table} SET kid = split_part(${sealed}, '.', 1)`);
      await runner.query(`
        ALTER TABLE ${table}
          ADD CONSTRAINT ${table}_sealed_by CHECK (kid IS NOT DISTINCT FROM split_part(${sealed}, '.', 1)),
          ADD CONSTRAINT ${table}_kid_fkey FOREIGN KEY (kid) REFERENCES two_factor_key (live_kid)`);
      await runner.query(`CREATE INDEX ${table}_kid ON ${table} (kid, id)`);
    }
    await runner.query(`ALTER TABLE two_factor_authenticator ALTER COLUMN kid SET NOT NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const runner = placedRunner(queryRunner);
    for (const table of ['two_factor_otp_method', 'two_factor_authenticator']) {
      await runner.query(`ALTER TABLE ${table} DROP COLUMN kid`);
    }
    // An older program would demand a retired key at its start.
    await runner.query(`DELETE FROM two_factor_key WHERE retired_at IS NOT NULL`);
    await runner.query(`
      ALTER TABLE two_factor_key
        DROP CONSTRAINT two_factor_key_retired, DROP COLUMN live_kid, DROP COLUMN last_current_at, DROP COLUMN retired_at`);
  }
}
