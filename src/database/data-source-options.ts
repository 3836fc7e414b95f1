import { Logger } from '@nestjs/common';
import type { DataSourceOptions } from 'typeorm';
import { ACCOUNT_ENTITIES } from '../accounts/entities.js';
import { deliveryMigrations } from '../delivery/migrations/index.js';
import { twoFactorEntities, twoFactorMigrations } from '../two-factor/index.js';
import { SERVICE_MIGRATIONS } from './migrations/index.js';
import type { DatabaseTimeouts } from './timeouts.js';

/** Seconds are long for a database next door and short for a caller who waits. */
export const CONNECT_TIMEOUT_MS = 5000;

const KEEP_ALIVE_MS = 10_000;

export const MIGRATIONS_TABLE = 'migrations';

/** What TypeORM needs to know of this service's database; the one place for service, migrations and TypeORM's CLI. */
export function dataSourceOptions(
  url: string,
  {
    applicationName = 'two-factor',
    poolSize = 10,
    timeouts,
  }: {
    applicationName?: string;
    poolSize?: number;
    /** Without them a statement may take its time, as migrations do. */
    timeouts?: DatabaseTimeouts;
  } = {},
): DataSourceOptions & { type: 'postgres' } {
  return {
    type: 'postgres',
    url,
    applicationName,
    poolSize,
    connectTimeoutMS: timeouts?.limits.connectionTimeoutMs ?? CONNECT_TIMEOUT_MS,
    extra: {
      // As parameters of the connection they cost no statement; those of the same name in the URL take precedence.
      ...timeouts?.server,
      // Finds out about a peer that went away without a word.
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    },
    // An idle connection that breaks is replaced when it is missed.
    poolErrorHandler: (error: Error) => new Logger('Database').warn({ event: 'database.lost', reason: error.message }),
    entities: [...twoFactorEntities, ...ACCOUNT_ENTITIES],
    migrations: [...twoFactorMigrations, ...deliveryMigrations, ...SERVICE_MIGRATIONS],
    migrationsTableName: MIGRATIONS_TABLE,
    synchronize: false,
    // TypeORM would log a failed statement with its parameters, which hold digests and sealed secrets.
    logging: false,
    // gen_random_uuid() is built into Postgres: no extension, so no right to create one.
    uuidExtension: 'pgcrypto',
    installExtensions: false,
  };
}
