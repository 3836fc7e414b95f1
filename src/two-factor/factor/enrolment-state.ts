import { Injectable } from '@nestjs/common';
import type { Transaction } from '../postgres/transaction.js';
import { Database } from '../postgres/database.js';
import { statement } from '../postgres/statement.js';
import { isOn } from './is-on.js';

const IS_ON = statement('is_on', `SELECT ${isOn('$1')} AS "on"`);

/** Reads whether an account has two-factor on: it has as soon as one method is confirmed, and not by any flag. */
@Injectable()
export class EnrolmentState {
  constructor(private readonly database: Database) {}

  async isOn(accountId: string, transaction: Transaction = this.database): Promise<boolean> {
    const [row] = await transaction.query<{ on: boolean }>(IS_ON, [accountId]);
    return row?.on ?? false;
  }
}
