import { Controller, Get, UseGuards } from '@nestjs/common';
import { Accepts, CurrentSession, RequireSecondFactor, TwoFactorGuard } from '../../../src/two-factor/index.js';
import { BoardGuard } from './board.guard.js';
import type { AcmeSession } from './identity/acme-sessions.js';

/** Routes of Acme's own, each behind a guard of the library or one made of it. */
@Controller()
export class CompanyController {
  @Get('canteen')
  @UseGuards(TwoFactorGuard)
  menu(@CurrentSession() session: AcmeSession) {
    return { menu: 'soup', employee: session.accountId, desk: session.desk };
  }

  @Get('payroll')
  @UseGuards(TwoFactorGuard)
  @RequireSecondFactor()
  payroll(@CurrentSession() session: AcmeSession) {
    return { salary: 1000, employee: session.accountId };
  }

  /** Two decorators that contradict each other, as happens when one is on the class and one on the method. */
  @Get('suggestions')
  @UseGuards(TwoFactorGuard)
  @RequireSecondFactor()
  @Accepts('optional-session')
  suggestions() {
    return { suggestions: [] };
  }

  @Get('board')
  @UseGuards(BoardGuard)
  @RequireSecondFactor()
  board() {
    return { minutes: 'secret' };
  }
}
