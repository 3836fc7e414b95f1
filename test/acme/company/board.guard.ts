import { ForbiddenException, Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { TwoFactorGuard, type GuardedRequest } from '../../../src/two-factor/index.js';
import { Employees } from './identity/employees.js';

/** Accepts a caller that the library's guard accepts, if the employee is a member of the board. */
@Injectable()
export class BoardGuard extends TwoFactorGuard {
  @Inject(Employees)
  private readonly employees!: Employees;

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    const { caller } = context.switchToHttp().getRequest<GuardedRequest>().twoFactor;
    const employee = caller.kind === 'session' ? await this.employees.find(Number(caller.session.accountId)) : null;
    if (employee?.department !== 'Board') throw new ForbiddenException('Members of the board only');
    return true;
  }
}
