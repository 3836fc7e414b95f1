import type { Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { CreateOutbox1764000000200 } from './1764000000200-create-outbox.js';
import { OutboxLanes1764000000900 } from './1764000000900-outbox-lanes.js';
import { MoveGraphileJobs1764000001400 } from './1764000001400-move-graphile-jobs.js';

/**
 * The SQL function by which earlier releases of the service queue messages, and the move of their jobs into the library's
 * table. For the service alone: a host's messages have always waited in a table of `twoFactorMigrations`.
 */
export const deliveryMigrations: Array<Type<MigrationInterface>> = [
  CreateOutbox1764000000200,
  OutboxLanes1764000000900,
  MoveGraphileJobs1764000001400,
];
