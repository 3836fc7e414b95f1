import { Controller, Get, Post, Req, UseGuards } from '@nestjs/common';
import { CurrentSession, RequireSecondFactor, TwoFactorGuard } from 'nestjs-two-factor';
import type { BankSession } from '../security/bank-sessions.js';

/** Routes of the bank's own. */
@Controller('payments')
export class PaymentsController {
  /** Behind the bank's own guard: any session will do. */
  @Get()
  list(@Req() { customerId }: { customerId: string }) {
    return { customerId, payments: [] };
  }

  /** Once two-factor is on, a session needs a recent second factor to pay. */
  @Post()
  @UseGuards(TwoFactorGuard)
  @RequireSecondFactor()
  pay(@CurrentSession() session: BankSession) {
    return { paid: true, by: session.accountId, branch: session.branch };
  }
}
