import { twoFactorSchema } from 'nestjs-two-factor';
import type { DataSourceOptions } from 'typeorm';
import { BANK_FACTORS } from '../security/bank-factors.js';
import { CreateCustomers1700000000000 } from './migrations/1700000000000-create-customers.js';
import { CreateOutbox1795000000000 } from './migrations/1795000000000-create-outbox.js';

/** Name of the bank's TypeORM data source, which is not the default one. */
export const BANK = 'bank';

/** For the application and for TypeORM's command line. */
export function dataSourceOptions(url: string) {
  const schema = twoFactorSchema(BANK_FACTORS);
  return {
    type: 'postgres',
    url,
    // All tables are in this schema: the role of the bank may create nothing in `public`.
    extra: { options: '-c search_path=bank' },
    entities: [...schema.entities],
    migrations: [...schema.migrations, CreateCustomers1700000000000, CreateOutbox1795000000000],
  } satisfies DataSourceOptions;
}
