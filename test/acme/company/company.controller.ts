import { Controller, Get, UseGuards } from '@nestjs/common';
import { Accepts, CurrentSession, RequireSecondFactor, TwoFactorGuard } from '../../../src/two-factor/index.js';
import { BoardGuard } from './board.guard.js';
import type { AcmeSession } from './identity/acme-sessions.js';

/** Routes of Acme itself. Each has a guard of the library or a subclass of one. */
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

  /** Two decorators that contradict each other, which happens when one is on the class and one on the method. */
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
