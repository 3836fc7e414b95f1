import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DatabaseLimits } from '../two-factor/index.js';

export interface AccountsModuleOptions {
  /** Whether clients come by https: the session cookie is then Secure and `__Host-`. */
  readonly secureCookies: boolean;
  /** Logarithm of bcrypt's rounds, 10 to 31. */
  readonly bcryptCost: number;
  /** How long requests may wait for the database. */
  readonly database?: Partial<DatabaseLimits>;
}

// Global, because the library is handed the adapters and the API module the services of one and the same instance.
export const { ConfigurableModuleClass: ConfigurableAccountsModule, MODULE_OPTIONS_TOKEN: ACCOUNTS_OPTIONS } =
  new ConfigurableModuleBuilder<AccountsModuleOptions>({ moduleName: 'Accounts' })
    .setClassMethodName('forRoot')
    .setExtras({}, (definition) => ({ ...definition, global: true }))
    .build();
