import { Injectable } from '@nestjs/common';
import { Database } from '../postgres/database.js';
import { statement } from '../postgres/statement.js';

const IS_ON = statement(
  'is_on',
  `SELECT EXISTS (
     SELECT FROM two_factor_authenticator WHERE account_id = $1 AND confirmed_at IS NOT NULL
   ) AS "on"`,
);

/** Reads whether an account has two-factor on: it has as soon as one method is confirmed, and not by any flag. */
@Injectable()
export class EnrolmentState {
  constructor(private readonly database: Database) {}

  async isOn(accountId: string): Promise<boolean> {
    const [row] = await this.database.query<{ on: boolean }>(IS_ON, [accountId]);
    return row?.on ?? false;
  }
}
