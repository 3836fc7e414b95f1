import { Module } from '@nestjs/common';
import { Database, PruneJob, TwoFactorOptions } from '../two-factor/index.js';
import { EmailController } from './email/email.controller.js';
import { EmailService } from './email/email.service.js';
import { AccountLinks } from './links/account-links.service.js';
import { PRUNE_LINKS } from './links/link.statements.js';
import { OkController } from './ok.controller.js';
import { ChangePasswordController } from './passwords/change-password.controller.js';
import { ChangePasswordService } from './passwords/change-password.service.js';
import { OwnPassword } from './passwords/own-password.service.js';
import { VerifyPasswordController } from './passwords/verify-password.controller.js';
import { DeletionService } from './profile/deletion.service.js';
import { ProfileController } from './profile/profile.controller.js';
import { ProfileService } from './profile/profile.service.js';
import { RecoveryController } from './recovery/recovery.controller.js';
import { RecoveryService } from './recovery/recovery.service.js';
import { PRUNE_SESSIONS } from './sessions/session.statements.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { SignInService } from './sign-in/sign-in.service.js';

/** Names the `PruneJob` of the accounts' tables; the library has one of its own. */
export const ACCOUNTS_PRUNE_JOB = Symbol('ACCOUNTS_PRUNE_JOB');

/** The routes of the accounts. Requires AccountsModule and the library's module. */
@Module({
  controllers: [
    SignInController,
    SessionsController,
    ChangePasswordController,
    VerifyPasswordController,
    RecoveryController,
    EmailController,
    ProfileController,
    OkController,
  ],
  providers: [
    SignInService,
    OwnPassword,
    ChangePasswordService,
    AccountLinks,
    RecoveryService,
    EmailService,
    ProfileService,
    DeletionService,
    {
      provide: ACCOUNTS_PRUNE_JOB,
      inject: [Database, TwoFactorOptions],
      useFactory: (database: Database, { pruneInterval }: TwoFactorOptions) =>
        new PruneJob(database, [PRUNE_SESSIONS, ...PRUNE_LINKS], pruneInterval),
    },
  ],
})
export class AccountsApiModule {}
