import { Injectable } from '@nestjs/common';
import { PasswordVerifier } from '../../../../src/two-factor/index.js';
import { Employees } from './employees.js';

@Injectable()
export class AcmePasswords extends PasswordVerifier {
  constructor(private readonly employees: Employees) {
    super();
  }

  override async verify(accountId: string, password: string): Promise<boolean> {
    const employee = await this.employees.find(Number(accountId));
    return employee !== null && (await this.employees.byPassword(employee.username, password)) !== null;
  }
}
