import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { type Account, AccountDirectory, Database, statement, type Transaction } from '../../two-factor/index.js';
import { toUserView, USER_COLUMNS, type UserRow } from './user-row.js';

const FIND = statement<UserRow, { readonly accountId: string }>(
  'accounts.find_user',
  `SELECT ${USER_COLUMNS} FROM users u WHERE u.id = $accountId`,
);

const RECORD_TWO_FACTOR = statement<UserRow, { readonly accountId: string; readonly enabled: boolean }>(
  'accounts.record_two_factor',
  `UPDATE users u SET two_factor_enabled = $enabled, updated_at = now() WHERE u.id = $accountId
   RETURNING ${USER_COLUMNS}`,
);

/** Implements the library's account directory on the users' table. */
@Injectable()
export class PostgresAccountDirectory extends AccountDirectory {
  constructor(private readonly database: Database) {
    super();
  }

  override async find(accountId: string, transaction?: Transaction): Promise<Account | null> {
    if (!isUUID(accountId, 'loose')) return null;
    const [row] = await (transaction ?? this.database).query(FIND, { accountId });
    return row ? toAccount(row) : null;
  }

  override async recordTwoFactor(
    accountId: string,
    enabled: boolean,
    transaction: Transaction,
  ): Promise<Account | null> {
    const [row] = await transaction.query(RECORD_TWO_FACTOR, { accountId, enabled });
    return row ? toAccount(row) : null;
  }
}

function toAccount(row: UserRow): Account {
  return { id: row.userId, label: row.email, email: row.email, user: toUserView(row) };
}
