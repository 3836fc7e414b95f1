import type { DataSourceOptions } from 'typeorm';
import { accountEntities } from '../accounts/entities.js';
import { twoFactorEntities, twoFactorMigrations } from '../two-factor/index.js';
import { serviceMigrations } from './migrations/index.js';

/** Seconds are long for a database next door and short for a caller who waits. */
export const connectTimeoutMs = 5000;

export const migrationsTable = 'migrations';

/** What TypeORM needs to know of this service's database; the one place for service, migrations and TypeORM's CLI. */
export function dataSourceOptions(
  url: string,
  { applicationName = 'two-factor', poolSize = 10 }: { applicationName?: string; poolSize?: number } = {},
): DataSourceOptions & { type: 'postgres' } {
  return {
    type: 'postgres',
    url,
    applicationName,
    poolSize,
    connectTimeoutMS: connectTimeoutMs,
    entities: [...twoFactorEntities, ...accountEntities],
    migrations: [...twoFactorMigrations, ...serviceMigrations],
    migrationsTableName: migrationsTable,
    synchronize: false,
    // TypeORM would log a failed statement with its parameters, which hold digests and sealed secrets.
    logging: false,
    // gen_random_uuid() is built into Postgres: no extension, so no right to create one.
    uuidExtension: 'pgcrypto',
    installExtensions: false,
  };
}
