import { Injectable } from '@nestjs/common';
import { Database, statement, type Transaction, type UserView } from '../../two-factor/index.js';
import { toUserView, USER_COLUMNS, type UserRow } from './user-row.js';

export interface NewUser {
  /** In canonical form. */
  readonly email: string;
  readonly name: string;
  readonly image: string | null;
  readonly passwordHash: string;
}

/** What a password is compared with. */
export interface Credentials {
  readonly userId: string;
  /** In canonical form. */
  readonly email: string;
  readonly passwordHash: string;
  readonly passwordVersion: number;
}

const CREATE = statement(
  'accounts.create_user',
  `INSERT INTO users (email, name, image, password_hash) VALUES ($1, $2, $3, $4)
   ON CONFLICT (email) DO NOTHING RETURNING id`,
);

const CREDENTIALS = `SELECT id AS "userId", email, password_hash AS "passwordHash", password_version AS "passwordVersion"
   FROM users`;
const CREDENTIALS_BY_EMAIL = statement('accounts.credentials_by_email', `${CREDENTIALS} WHERE email = $1`);
const CREDENTIALS_BY_ID = statement('accounts.credentials_by_id', `${CREDENTIALS} WHERE id = $1`);

const HIGHEST_COST = statement(
  'accounts.highest_password_cost',
  `SELECT max(substr(password_hash, 5, 2)) AS cost FROM users WHERE substr(password_hash, 5, 2) BETWEEN '04' AND '31'`,
);

const REHASH = statement(
  'accounts.rehash_password',
  `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`,
);

const CHANGE_PASSWORD = statement(
  'accounts.change_password',
  `UPDATE users u SET password_hash = $3, password_version = u.password_version + 1, updated_at = now()
   WHERE u.id = $1 AND u.password_version = $2
   RETURNING ${USER_COLUMNS}`,
);

/** The users' table. */
@Injectable()
export class Users {
  constructor(private readonly database: Database) {}

  /** @returns the new user's id, or null when the address is taken, be it by a sign-up a moment ahead of this one */
  async create(user: NewUser, transaction: Transaction): Promise<string | null> {
    const [row] = await transaction.query<{ id: string }>(CREATE, [
      user.email,
      user.name,
      user.image,
      user.passwordHash,
    ]);
    return row?.id ?? null;
  }

  /** @param email in canonical form */
  async credentialsByEmail(email: string): Promise<Credentials | null> {
    const [row] = await this.database.query<Credentials>(CREDENTIALS_BY_EMAIL, [email]);
    return row ?? null;
  }

  /** @param userId a UUID */
  async credentialsById(userId: string): Promise<Credentials | null> {
    const [row] = await this.database.query<Credentials>(CREDENTIALS_BY_ID, [userId]);
    return row ?? null;
  }

  /** @returns the highest cost of bcrypt that a stored password was hashed at, found by an index; null where there is none */
  async highestCost(): Promise<number | null> {
    const [row] = await this.database.query<{ cost: string | null }>(HIGHEST_COST);
    return row?.cost == null ? null : Number(row.cost);
  }

  /** Stores the same password hashed anew, unless it was changed meanwhile. */
  async rehash(credentials: Credentials, passwordHash: string): Promise<void> {
    await this.database.query(REHASH, [credentials.userId, credentials.passwordHash, passwordHash]);
  }

  /**
   * Stores a new password.
   *
   * @param checked the credentials that the current password was compared with
   * @returns the user as it is now, or null when another change came first
   */
  async changePassword(checked: Credentials, passwordHash: string, transaction: Transaction): Promise<UserView | null> {
    const values = [checked.userId, checked.passwordVersion, passwordHash];
    const [row] = await transaction.query<UserRow>(CHANGE_PASSWORD, values);
    return row ? toUserView(row) : null;
  }
}
