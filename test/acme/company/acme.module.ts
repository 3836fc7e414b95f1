import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  TwoFactorExceptionFilter,
  TwoFactorModule,
  twoFactorSchema,
  type TwoFactorStructure,
} from '../../../src/two-factor/index.js';
import { CompanyController } from './company.controller.js';
import { ACME_FACTORS } from './factors.js';
import { AcmeAccounts } from './identity/acme-accounts.js';
import { AcmeIdentityModule } from './identity/acme-identity.module.js';
import { AcmePasswords } from './identity/acme-passwords.js';
import { AuditTrail } from './identity/audit-trail.js';
import { CreateEmployees1500000000000 } from './identity/create-employees.js';
import { ACME_DATABASE } from './identity/employees.js';
import { VaultKeyRing } from './identity/vault-key-ring.js';
import { LoginController } from './login.controller.js';
import { AcmeSettings } from './settings.js';

/** A company that had users and sessions before it added the library to its backend. */
@Module({})
export class AcmeModule {
  /**
   * @param structure what a variant of the company declares otherwise
   * @param placement where a variant of the company keeps the library's tables
   */
  static forRoot(
    settings: AcmeSettings,
    structure: Partial<TwoFactorStructure> = {},
    placement: { readonly schema?: string; readonly entityPrefix?: string } = {},
  ): DynamicModule {
    const identity = AcmeIdentityModule.forRoot(settings);
    const schema = twoFactorSchema(ACME_FACTORS);
    return {
      module: AcmeModule,
      imports: [
        TypeOrmModule.forRoot({
          name: ACME_DATABASE,
          type: 'postgres',
          url: settings.databaseUrl,
          entities: [...schema.entities],
          migrations: [...schema.migrations, CreateEmployees1500000000000],
          migrationsRun: true,
          toRetry: () => false,
          ...placement,
        }),
        identity,
        TwoFactorModule.forRootAsync({
          imports: [identity],
          inject: [AcmeSettings],
          useFactory: ({ origin }: AcmeSettings) => ({
            issuer: 'Acme Ltd',
            trustedOrigins: [origin],
            secureCookies: false,
          }),
          accounts: AcmeAccounts,
          sessions: settings.sessions,
          passwords: AcmePasswords,
          events: AuditTrail,
          keyRing: VaultKeyRing,
          factors: ACME_FACTORS,
          dataSource: ACME_DATABASE,
          ...structure,
        }),
      ],
      controllers: [LoginController, CompanyController],
      providers: [{ provide: APP_FILTER, useClass: TwoFactorExceptionFilter }],
    };
  }
}
