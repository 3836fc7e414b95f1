import {
  Inject,
  Module,
  Optional,
  type DynamicModule,
  type InjectionToken,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './two-factor.module-definition.js';
import type { TwoFactorModuleOptions } from './two-factor.options.js';
import type { TwoFactorStructure } from './two-factor.ports.js';

/** Makes the values of the module, in a class of the host: `useClass` or `useExisting`. */
export interface TwoFactorOptionsFactory {
  create(): TwoFactorModuleOptions | Promise<TwoFactorModuleOptions>;
}

/** Values that are known only at start, and what is known before. */
export interface TwoFactorAsyncOptions extends TwoFactorStructure {
  /** Modules that export the host's ports, and what the factory injects. */
  readonly imports?: NonNullable<DynamicModule['imports']>;
  readonly inject?: InjectionToken[];
  // oxlint-disable-next-line typescript/no-explicit-any -- Nest gives the factory what `inject` names
  readonly useFactory?: (...injected: any[]) => TwoFactorModuleOptions | Promise<TwoFactorModuleOptions>;
  readonly useClass?: Type<TwoFactorOptionsFactory>;
  readonly useExisting?: InjectionToken<TwoFactorOptionsFactory>;
}

/**
 * Two-factor authentication for a backend that has its own users and sessions.
 *
 * Add `twoFactorEntities` and `twoFactorMigrations` to the TypeORM data source; with `factors` of your own those of
 * `twoFactorSchema(factors)`.
 *
 * @example
 * ```ts
 * TwoFactorModule.forRootAsync({
 *   imports: [AcmeIdentityModule],
 *   inject: [ConfigService],
 *   useFactory: (config) => ({ issuer: 'Acme', trustedOrigins: [config.get('APP_ORIGIN')], keys: config.get('KEYS') }),
 *   accounts: AcmeAccounts,
 *   sessions: AcmeSessions,
 *   passwords: AcmePasswords,
 * })
 * ```
 */
@Module({})
export class TwoFactorModule implements OnModuleInit {
  /** @throws {Error} when the class itself is imported, without `forRoot` */
  constructor(
    private readonly modules: ModulesContainer,
    @Optional() @Inject(MODULE_OPTIONS_TOKEN) options?: TwoFactorModuleOptions,
  ) {
    if (options === undefined) {
      throw new Error(
        'TwoFactorModule has no options: import TwoFactorModule.forRoot({ … }) or forRootAsync({ … }), and let useFactory return them',
      );
    }
  }

  /** @param options values, ports and structure, all known when the module is declared */
  static forRoot(options: TwoFactorModuleOptions & TwoFactorStructure): DynamicModule {
    return { ...ConfigurableModuleClass.forRoot(options), module: TwoFactorModule };
  }

  /** @param options ports and structure, and a factory of the values */
  static forRootAsync(options: TwoFactorAsyncOptions): DynamicModule {
    const given = options as Parameters<typeof ConfigurableModuleClass.forRootAsync>[0];
    return { ...ConfigurableModuleClass.forRootAsync(given), module: TwoFactorModule };
  }

  /** @throws {Error} when another module of the application imports it with options of its own */
  onModuleInit(): void {
    const imported = [...this.modules.values()].filter(({ metatype }) => metatype === TwoFactorModule);
    if (imported.length > 1) {
      throw new Error(
        'TwoFactorModule is imported twice: the routes of the first would answer for both. Call forRoot once, with `isGlobal: true` or in a module that exports it',
      );
    }
  }
}
