import { ConfigurableModuleBuilder } from '@nestjs/common';

export interface AccountsModuleOptions {
  /** URL under which clients reach the routes of the accounts, without a trailing slash. All mailed links begin with it. */
  readonly apiUrl: string;
  /** Origins that browsers may be sent to, beside the one of `apiUrl`. */
  readonly trustedOrigins: readonly string[];
  /** Whether clients come by https: the session cookie is then Secure and `__Host-`. */
  readonly secureCookies: boolean;
  /** Logarithm of bcrypt's rounds, 10 to 31. */
  readonly bcryptCost: number;
}

// Global, because the library is handed the adapters and the API module the services of one and the same instance.
export const { ConfigurableModuleClass: ConfigurableAccountsModule, MODULE_OPTIONS_TOKEN: ACCOUNTS_OPTIONS } =
  new ConfigurableModuleBuilder<AccountsModuleOptions>({ moduleName: 'Accounts' })
    .setClassMethodName('forRoot')
    .setExtras({}, (definition) => ({ ...definition, global: true }))
    .build();
