import { Module } from '@nestjs/common';
import { Random, SystemRandom } from '../two-factor/index.js';
import { ConfigurableAccountsModule } from './accounts.module-definition.js';
import { AccountUrls } from './links/account-urls.js';
import { BcryptPasswordVerifier } from './passwords/bcrypt-password-verifier.js';
import { PasswordGuesses } from './passwords/password-guesses.service.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { PostgresSessions } from './sessions/postgres-sessions.js';
import { SessionCookie } from './sessions/session-cookie.js';
import { SessionList } from './sessions/session-list.js';
import { PostgresAccountDirectory } from './users/postgres-account-directory.js';
import { Users } from './users/users.js';

const SERVICES = [
  AccountUrls,
  Users,
  PasswordHasher,
  PasswordGuesses,
  SessionCookie,
  SessionList,
  PostgresAccountDirectory,
  PostgresSessions,
  BcryptPasswordVerifier,
];

/**
 * Users, passwords and sessions of the standalone service, and the adapters of the library's ports. Does not import the
 * library's module, which depends on it: AccountsApiModule holds the routes. Requires the global modules TwoFactorModule,
 * which exports `Database`, and RateLimitsModule.
 */
@Module({
  providers: [{ provide: Random, useClass: SystemRandom }, ...SERVICES],
  exports: SERVICES,
})
export class AccountsModule extends ConfigurableAccountsModule {}
