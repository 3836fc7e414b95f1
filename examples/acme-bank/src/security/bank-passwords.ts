import { Injectable } from '@nestjs/common';
import { PasswordVerifier } from 'nestjs-two-factor';
import { Customers } from '../customers/customers.js';

@Injectable()
export class BankPasswords extends PasswordVerifier {
  constructor(private readonly customers: Customers) {
    super();
  }

  override async verify(accountId: string, password: string): Promise<boolean> {
    return this.customers.hasPassword(await this.customers.find(accountId), password);
  }
}
