import { Injectable } from '@nestjs/common';
import { PasswordVerifier } from 'nestjs-two-factor';
import { Customers } from '../customers/customers.js';
import { fits } from '../customers/password-digest.js';

@Injectable()
export class BankPasswords extends PasswordVerifier {
  constructor(private readonly customers: Customers) {
    super();
  }

  override async verify(accountId: string, password: string): Promise<boolean> {
    const customer = await this.customers.find(accountId);
    return fits(password, customer?.passwordDigest ?? null);
  }
}
