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
 * Users, passwords and sessions of the standalone service, and the adapters that show them to the library. It needs
 * nothing of the library's module, which needs it: the routes are in AccountsApiModule. Expects DatabaseModule and
 * RateLimitsModule, global, beside it.
 */
@Module({
  providers: [{ provide: Random, useClass: SystemRandom }, ...SERVICES],
  exports: SERVICES,
})
export class AccountsModule extends ConfigurableAccountsModule {}
