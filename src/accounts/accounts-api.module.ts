import { Module } from '@nestjs/common';
import { OkController } from './ok.controller.js';
import { ChangePasswordController } from './passwords/change-password.controller.js';
import { ChangePasswordService } from './passwords/change-password.service.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { SignInService } from './sign-in/sign-in.service.js';

/** The routes of the accounts. Expects AccountsModule and the library's module beside it. */
@Module({
  controllers: [SignInController, SessionsController, ChangePasswordController, OkController],
  providers: [SignInService, ChangePasswordService],
})
export class AccountsApiModule {}
