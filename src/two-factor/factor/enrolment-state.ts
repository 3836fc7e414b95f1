import { Injectable } from '@nestjs/common';
import { Database } from '../postgres/database.js';
import { statement, type Statement } from '../postgres/statement.js';
import type { Transaction } from '../postgres/transaction.js';
import { FactorRegistry } from './factor-registry.js';

/** Reads whether an account has two-factor on: it has as soon as one factor is confirmed, and no flag says so. */
@Injectable()
export class EnrolmentState {
  private readonly isOnStatement: Statement<{ readonly on: boolean }, { readonly accountId: string }>;

  constructor(
    private readonly database: Database,
    registry: FactorRegistry,
  ) {
    this.isOnStatement = statement('is_on', `SELECT ${registry.isOn('$accountId')} AS "on"`);
  }

  async isOn(accountId: string, transaction: Transaction = this.database): Promise<boolean> {
    const [row] = await transaction.query(this.isOnStatement, { accountId });
    return row?.on ?? false;
  }
}
