import { ConfigurableModuleBuilder } from '@nestjs/common';

export interface AccountsModuleOptions {
  /** Public URL of the accounts' routes, without a trailing slash. All mailed links start with it. */
  readonly apiUrl: string;
  /** Further origins that redirects may target, beside the origin of `apiUrl`. */
  readonly trustedOrigins: readonly string[];
  /** Whether clients use https: the session cookie is then Secure and `__Host-`. */
  readonly secureCookies: boolean;
  /** Logarithm of bcrypt's rounds, 10 to 31. */
  readonly bcryptCost: number;
}

// Global: the library takes the adapters and the API module the services of the same instance.
export const { ConfigurableModuleClass: ConfigurableAccountsModule, MODULE_OPTIONS_TOKEN: ACCOUNTS_OPTIONS } =
  new ConfigurableModuleBuilder<AccountsModuleOptions>({ moduleName: 'Accounts' })
    .setClassMethodName('forRoot')
    .setExtras({}, (definition) => ({ ...definition, global: true }))
    .build();
