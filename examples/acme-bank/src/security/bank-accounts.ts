import { Injectable } from '@nestjs/common';
import { AccountDirectory, type Account, type Transaction } from 'nestjs-two-factor';
import { Customers, toView } from '../customers/customers.js';

/** Shows customers to the library. */
@Injectable()
export class BankAccounts extends AccountDirectory {
  constructor(private readonly customers: Customers) {
    super();
  }

  override async find(accountId: string, transaction?: Transaction): Promise<Account | null> {
    const customer = await this.customers.find(accountId, transaction);
    return customer && { id: customer.id, label: customer.email, email: customer.email, user: toView(customer) };
  }

  override async recordTwoFactor(
    accountId: string,
    enabled: boolean,
    transaction: Transaction,
  ): Promise<Account | null> {
    await this.customers.recordSecondFactor(accountId, enabled, transaction);
    return this.find(accountId, transaction);
  }
}
