import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Transaction, UserView } from 'nestjs-two-factor';
import { Repository } from 'typeorm';
import { BANK } from '../database/data-source-options.js';
import { Customer } from './customer.entity.js';
import { digest } from './password-digest.js';

@Injectable()
export class Customers {
  constructor(@InjectRepository(Customer, BANK) private readonly repository: Repository<Customer>) {}

  /** @returns the id of the new customer */
  async register(email: string, fullName: string, password: string): Promise<string> {
    const customer = this.repository.create({ email, fullName, passwordDigest: await digest(password) });
    const { id } = await this.repository.save(customer);
    return id;
  }

  async find(id: string, transaction?: Transaction): Promise<Customer | null> {
    return this.within(transaction).findOneBy({ id });
  }

  async byEmail(email: string): Promise<Customer | null> {
    return this.repository.findOneBy({ email });
  }

  async recordSecondFactor(id: string, usesSecondFactor: boolean, transaction: Transaction): Promise<void> {
    await this.within(transaction).update({ id }, { usesSecondFactor });
  }

  /**
   * A repository that Nest injects takes another connection of the pool. Inside a transaction of the library that connection
   * may never be free, so the repository of the transaction's manager is used there.
   */
  private within(transaction?: Transaction): Repository<Customer> {
    return transaction ? transaction.manager.getRepository(Customer) : this.repository;
  }
}

/** The `user` member of the library's answers. */
export function toView(customer: Customer): UserView {
  const { id, email, fullName, usesSecondFactor, createdAt, updatedAt } = customer;
  return {
    id,
    email,
    emailVerified: true,
    name: fullName,
    image: null,
    twoFactorEnabled: usesSecondFactor,
    createdAt,
    updatedAt,
  };
}
