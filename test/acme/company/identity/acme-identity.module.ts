import { Module, type DynamicModule } from '@nestjs/common';
import { AcmeSettings } from '../settings.js';
import { AuditTrail } from './audit-trail.js';
import { AcmeAccounts } from './acme-accounts.js';
import { AcmePasswords } from './acme-passwords.js';
import { Employees } from './employees.js';
import { VaultKeyRing } from './vault-key-ring.js';

/** The employees of Acme. Depends on the library's ports, not on its module. */
@Module({})
export class AcmeIdentityModule {
  static forRoot(settings: AcmeSettings): DynamicModule {
    const providers = [Employees, AcmeAccounts, AcmePasswords, AuditTrail, VaultKeyRing, settings.sessions];
    return {
      module: AcmeIdentityModule,
      providers: [...providers, { provide: AcmeSettings, useValue: settings }],
      exports: [...providers, AcmeSettings],
    };
  }
}
