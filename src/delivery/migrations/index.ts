import type { Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { CreateOutbox1764000000200 } from './1764000000200-create-outbox.js';
import { OutboxLanes1764000000900 } from './1764000000900-outbox-lanes.js';

/**
 * Make the SQL function behind `GraphileOutbox`. They belong to the TypeORM data source that holds the library's tables, in order.
 *
 * @example
 * ```ts
 * new DataSource({ …, migrations: [...twoFactorMigrations, ...deliveryMigrations] });
 * ```
 */
export const deliveryMigrations: Array<Type<MigrationInterface>> = [
  CreateOutbox1764000000200,
  OutboxLanes1764000000900,
];
