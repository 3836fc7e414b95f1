import { Injectable } from '@nestjs/common';
import { type Account, AccountDirectory, Database, statement, type Transaction } from '../../two-factor/index.js';
import { isUuid } from '../uuid.js';
import { toUserView, USER_COLUMNS, type UserRow } from './user-row.js';

const FIND = statement('accounts.find_user', `SELECT ${USER_COLUMNS} FROM users u WHERE u.id = $1`);

const RECORD_TWO_FACTOR = statement(
  'accounts.record_two_factor',
  `UPDATE users SET two_factor_enabled = $2, updated_at = now() WHERE id = $1`,
);

/** Shows the users' table to the library. */
@Injectable()
export class PostgresAccountDirectory extends AccountDirectory {
  constructor(private readonly database: Database) {
    super();
  }

  override async find(accountId: string, transaction?: Transaction): Promise<Account | null> {
    if (!isUuid(accountId)) return null;
    const [row] = await (transaction ?? this.database).query<UserRow>(FIND, [accountId]);
    return row ? { id: row.userId, label: row.email, email: row.email, user: toUserView(row) } : null;
  }

  override async recordTwoFactor(accountId: string, enabled: boolean, transaction: Transaction): Promise<void> {
    await transaction.query(RECORD_TWO_FACTOR, [accountId, enabled]);
  }
}
