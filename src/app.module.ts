import { Module, type DynamicModule } from '@nestjs/common';
import { AccountsApiModule } from './accounts/accounts-api.module.js';
import { AccountsModule } from './accounts/accounts.module.js';
import { OkController } from './accounts/ok.controller.js';
import { BcryptPasswordVerifier } from './accounts/passwords/bcrypt-password-verifier.js';
import { RecoveryController } from './accounts/recovery/recovery.controller.js';
import { PostgresSessions } from './accounts/sessions/postgres-sessions.js';
import { SignInController } from './accounts/sign-in/sign-in.controller.js';
import { PostgresAccountDirectory } from './accounts/users/postgres-account-directory.js';
import { passkeysOf } from './config/passkeys.js';
import type { ServiceConfig } from './config/service-config.js';
import { DatabaseModule } from './database/database.module.js';
import { databaseTimeouts } from './database/timeouts.js';
import { DeliveryModule, deliveryPorts, type DeliveryModuleOptions } from './delivery/index.js';
import { HealthController } from './health/health.controller.js';
import { HealthModule } from './health/health.module.js';
import { API_PREFIX } from './http/api-prefix.js';
import { ownOrigins } from './http/own-origins.js';
import { RateLimitsModule } from './rate-limits/rate-limits.module.js';
import type { RateLimitsModuleOptions } from './rate-limits/rate-limits.options.js';
import { HkdfKeyRing, TwoFactorModule } from './two-factor/index.js';

/** The composition root. Only this file joins accounts, delivery, rate limits and two-factor. */
@Module({})
export class AppModule {
  /** @param databaseUrl of a database whose migrations have run */
  static forRoot(config: ServiceConfig, databaseUrl: string): DynamicModule {
    const secureCookies = config.baseUrl.startsWith('https:');
    const { issuer, keys, trustedOrigins, bcryptCost, smsCountries, smsPerDay, mailFallback } = config;
    const timeouts = databaseTimeouts(config.databaseTimeoutMs);
    const database = { ...timeouts.limits, preparedStatements: config.databasePrepared };
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot(databaseUrl, timeouts),
        RateLimitsModule.forRoot(rateLimitsOptions(config)),
        AccountsModule.forRoot({
          apiUrl: `${config.baseUrl}/${API_PREFIX}`,
          trustedOrigins,
          secureCookies,
          bcryptCost,
        }),
        TwoFactorModule.forRoot({
          issuer,
          keys,
          trustedOrigins: [...trustedOrigins, ...ownOrigins(config)],
          secureCookies,
          // A process that only delivers messages also reports pending notices. A process that delivers none leaves
          // that to it.
          notices: { interval: config.outbox ? 30 : 0 },
          prune: { interval: config.outbox ? 60 : 0 },
          otp: { smsCountries, smsPerDay, mailFallback },
          passkeys: passkeysOf(config),
          database,
          accounts: PostgresAccountDirectory,
          sessions: PostgresSessions,
          passwords: BcryptPasswordVerifier,
          ...deliveryPorts,
          isGlobal: true,
        }),
        AccountsApiModule,
        // After the library, which refuses to start with keys that are wrong: then nothing is delivered.
        DeliveryModule.forRoot({ ...deliveryOptions(config, databaseUrl), isGlobal: true }),
        HealthModule.forRoot({ token: config.healthToken, production: config.production }),
      ],
    };
  }
}

function rateLimitsOptions({ rateLimit, redisUrl, keys, production }: ServiceConfig): RateLimitsModuleOptions {
  const ring = new HkdfKeyRing(keys);
  return {
    enabled: rateLimit,
    redisUrl,
    secret: ring.derive(ring.current, 'rate-limits'),
    production,
    exempt: [OkController, HealthController],
    passwords: [SignInController, RecoveryController],
  };
}

function deliveryOptions(config: ServiceConfig, databaseUrl: string): DeliveryModuleOptions {
  const { smtp, twilio, smsWebhook, production, outbox } = config;
  return { smtp, twilio, smsWebhook, console: !production, outbox: { databaseUrl, deliver: outbox } };
}
