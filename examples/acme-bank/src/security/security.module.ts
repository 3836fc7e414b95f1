import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Customer } from '../customers/customer.entity.js';
import { Customers } from '../customers/customers.js';
import { BANK } from '../database/data-source-options.js';
import { BankMailSender } from '../mail/bank-mail-sender.js';
import { BankTemplates } from '../mail/bank-templates.js';
import { BankSettings } from '../settings.js';
import { AuditTrail } from './audit-trail.js';
import { BankAccounts } from './bank-accounts.js';
import { BankPasswords } from './bank-passwords.js';
import { BankSessions } from './bank-sessions.js';
import { VaultKeyRing } from './vault-key-ring.js';

const PORTS = [BankAccounts, BankPasswords, BankSessions, AuditTrail, BankMailSender, BankTemplates];

/** What the bank puts behind the library's ports. */
@Module({})
export class SecurityModule {
  static forRoot(settings: BankSettings): DynamicModule {
    const keys = { provide: VaultKeyRing, useFactory: () => VaultKeyRing.load(settings) };
    return {
      module: SecurityModule,
      imports: [TypeOrmModule.forFeature([Customer], BANK)],
      providers: [Customers, ...PORTS, keys, { provide: BankSettings, useValue: settings }],
      exports: [Customers, ...PORTS, VaultKeyRing, BankSettings],
    };
  }
}
