import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { type Account, AccountDirectory, Database, statement, type Transaction } from '../../two-factor/index.js';
import { toUserView, USER_COLUMNS, type UserRow } from './user-row.js';

const FIND = statement('accounts.find_user', `SELECT ${USER_COLUMNS} FROM users u WHERE u.id = $1`);

const RECORD_TWO_FACTOR = statement(
  'accounts.record_two_factor',
  `UPDATE users u SET two_factor_enabled = $2, updated_at = now() WHERE u.id = $1 RETURNING ${USER_COLUMNS}`,
);

/** Shows the users' table to the library. */
@Injectable()
export class PostgresAccountDirectory extends AccountDirectory {
  constructor(private readonly database: Database) {
    super();
  }

  override async find(accountId: string, transaction?: Transaction): Promise<Account | null> {
    // For a `uuid` column any other text is an error, not a miss.
    if (!isUUID(accountId, 'loose')) return null;
    const [row] = await (transaction ?? this.database).query<UserRow>(FIND, [accountId]);
    return row ? toAccount(row) : null;
  }

  override async recordTwoFactor(
    accountId: string,
    enabled: boolean,
    transaction: Transaction,
  ): Promise<Account | null> {
    const [row] = await transaction.query<UserRow>(RECORD_TWO_FACTOR, [accountId, enabled]);
    return row ? toAccount(row) : null;
  }
}

function toAccount(row: UserRow): Account {
  return { id: row.userId, label: row.email, email: row.email, user: toUserView(row) };
}
