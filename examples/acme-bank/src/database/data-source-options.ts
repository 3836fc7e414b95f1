import { twoFactorSchema } from 'nestjs-two-factor';
import type { DataSourceOptions } from 'typeorm';
import { Customer } from '../customers/customer.entity.js';
import { BANK_FACTORS } from '../mfa/bank-factors.js';
import { AuditEntry } from '../security/audit-entry.entity.js';
import { CreateCustomers1700000000000 } from './migrations/1700000000000-create-customers.js';

/** Name of the bank's TypeORM data source, which is not the default one. */
export const BANK = 'bank';

/** For the application and for TypeORM's command line. */
export function dataSourceOptions(url: string) {
  const library = twoFactorSchema(BANK_FACTORS);
  return {
    type: 'postgres',
    url,
    // The library's tables and the bank's entities are here: the role of the bank may create nothing in `public`.
    schema: 'bank',
    // The bank's own SQL names no schema.
    extra: { options: '-c search_path=bank' },
    entities: [...library.entities, Customer, AuditEntry],
    migrations: [...library.migrations, CreateCustomers1700000000000],
  } satisfies DataSourceOptions;
}
