import { Module, type DynamicModule } from '@nestjs/common';
import { Customers } from '../customers/customers.js';
import { BankMailSender } from '../mail/bank-mail-sender.js';
import { BankOutbox } from '../mail/bank-outbox.js';
import { BankTemplates } from '../mail/bank-templates.js';
import { BankSettings } from '../settings.js';
import { AuditTrail } from './audit-trail.js';
import { BankAccounts } from './bank-accounts.js';
import { BankPasswords } from './bank-passwords.js';
import { BankSessions } from './bank-sessions.js';
import { VaultKeyRing } from './vault-key-ring.js';

const PORTS = [BankAccounts, BankPasswords, BankSessions, AuditTrail, BankMailSender, BankTemplates, BankOutbox];

/** What the bank puts behind the library's ports. */
@Module({})
export class SecurityModule {
  static forRoot(settings: BankSettings): DynamicModule {
    const keys = { provide: VaultKeyRing, useFactory: () => VaultKeyRing.load(settings) };
    const providers = [Customers, ...PORTS, keys, { provide: BankSettings, useValue: settings }];
    return { module: SecurityModule, providers, exports: [Customers, ...PORTS, VaultKeyRing, BankSettings] };
  }
}
