import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TwoFactorModule } from 'nestjs-two-factor';
import { DeliveryModule, deliveryPorts } from 'nestjs-two-factor/delivery';
import { BankGuard } from './access/bank.guard.js';
import { ProblemFilter } from './access/problem.filter.js';
import { LoginController } from './customers/login.controller.js';
import { BANK, dataSourceOptions } from './database/data-source-options.js';
import { BankMailSender } from './mail/bank-mail-sender.js';
import { BankTemplates } from './mail/bank-templates.js';
import { BANK_FACTORS } from './mfa/bank-factors.js';
import { MFA_ROUTES } from './mfa/mfa-routes.js';
import { PaymentsController } from './payments/payments.controller.js';
import { AuditTrail } from './security/audit-trail.js';
import { BankAccounts } from './security/bank-accounts.js';
import { BankPasswords } from './security/bank-passwords.js';
import { BankSessions } from './security/bank-sessions.js';
import { SecurityModule } from './security/security.module.js';
import { VaultKeyRing } from './security/vault-key-ring.js';
import { BankSettings } from './settings.js';

@Module({})
export class AppModule {
  static forRoot(settings: BankSettings): DynamicModule {
    const security = SecurityModule.forRoot(settings);
    const delivery = DeliveryModule.forRootAsync({
      imports: [security],
      inject: [BankSettings],
      useFactory: ({ databaseUrl }: BankSettings) => ({ outbox: { databaseUrl } }),
    });
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({ ...dataSourceOptions(settings.databaseUrl), name: BANK, toRetry: () => false }),
        security,
        TwoFactorModule.forRootAsync({
          imports: [security, delivery],
          inject: [BankSettings],
          useFactory: ({ origin }: BankSettings) => ({ issuer: 'Acme Bank', trustedOrigins: [origin] }),
          dataSource: BANK,
          accounts: BankAccounts,
          sessions: BankSessions,
          passwords: BankPasswords,
          events: AuditTrail,
          keyRing: VaultKeyRing,
          factors: BANK_FACTORS,
          ...MFA_ROUTES,
          // The outbox is the library's; the words and the gateway are the bank's.
          ...deliveryPorts,
          mail: BankMailSender,
          templates: BankTemplates,
        }),
      ],
      controllers: [LoginController, PaymentsController],
      providers: [
        { provide: APP_GUARD, useClass: BankGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
