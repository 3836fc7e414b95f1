import { Logger } from '@nestjs/common';
import type { DataSourceOptions } from 'typeorm';
import { ACCOUNT_ENTITIES } from '../accounts/entities.js';
import { deliveryMigrations } from '../delivery/migrations/index.js';
import { twoFactorEntities, twoFactorMigrations } from '../two-factor/index.js';
import { SERVICE_MIGRATIONS } from './migrations/index.js';
import type { DatabaseTimeouts } from './timeouts.js';

/** Long enough for a database in the same network, and short for a caller who waits. Milliseconds. */
export const CONNECT_TIMEOUT_MS = 5000;

const KEEP_ALIVE_MS = 10_000;

export const MIGRATIONS_TABLE = 'migrations';

/** TypeORM's options for this service's database: shared by service, migrations and TypeORM's CLI. */
export function dataSourceOptions(
  url: string,
  {
    applicationName = 'two-factor',
    poolSize = 10,
    timeouts,
  }: {
    applicationName?: string;
    poolSize?: number;
    /** Without them, statements have no time limit, as migrations need. */
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
      // Connection parameters cost no statement. Parameters of the same name in the URL take precedence.
      ...timeouts?.server,
      // Detects a peer that disappeared without closing the connection.
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    },
    // The pool replaces a broken idle connection on the next use.
    poolErrorHandler: (error: Error) => new Logger('Database').warn({ event: 'database.lost', reason: error.message }),
    entities: [...twoFactorEntities, ...ACCOUNT_ENTITIES],
    migrations: [...twoFactorMigrations, ...deliveryMigrations, ...SERVICE_MIGRATIONS],
    migrationsTableName: MIGRATIONS_TABLE,
    synchronize: false,
    // TypeORM would log a failed statement with its parameters, which hold digests and sealed secrets.
    logging: false,
    // gen_random_uuid() is built into Postgres, so no extension and no right to create one are needed.
    uuidExtension: 'pgcrypto',
    installExtensions: false,
  };
}
