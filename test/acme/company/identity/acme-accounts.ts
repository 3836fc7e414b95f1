import { Injectable } from '@nestjs/common';
import { AccountDirectory, type Account, type Transaction } from '../../../../src/two-factor/index.js';
import { EMPLOYEE_COLUMNS, Employees, toView, type Employee } from './employees.js';

/** Adapts employees to the library, which takes account ids as text. */
@Injectable()
export class AcmeAccounts extends AccountDirectory {
  constructor(private readonly employees: Employees) {
    super();
  }

  override async find(accountId: string, transaction?: Transaction): Promise<Account | null> {
    const employee = transaction
      ? ((
          await transaction.query<Employee>(`SELECT ${EMPLOYEE_COLUMNS} FROM employee WHERE id = $1`, [accountId])
        )[0] ?? null)
      : await this.employees.find(Number(accountId));
    if (!employee) return null;
    const user = toView(employee);
    return { id: accountId, label: employee.username, email: user.email, user };
  }

  override async recordTwoFactor(
    accountId: string,
    enabled: boolean,
    transaction: Transaction,
  ): Promise<Account | null> {
    await transaction.query(`UPDATE employee SET uses_second_factor = $2 WHERE id = $1`, [accountId, enabled]);
    return this.find(accountId, transaction);
  }
}
