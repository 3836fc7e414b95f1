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

/** The stored credentials of a user. */
export interface Credentials {
  readonly userId: string;
  /** In canonical form. */
  readonly email: string;
  readonly passwordHash: string;
  readonly passwordVersion: number;
}

const CREATE = statement<{ readonly id: string }, NewUser>(
  'accounts.create_user',
  `INSERT INTO users (email, name, image, password_hash) VALUES ($email, $name, $image, $passwordHash)
   ON CONFLICT (email) DO NOTHING RETURNING id`,
);

const CREDENTIALS = `SELECT id AS "userId", email, password_hash AS "passwordHash", password_version AS "passwordVersion"
   FROM users`;
const CREDENTIALS_BY_EMAIL = statement<Credentials, { readonly email: string }>(
  'accounts.credentials_by_email',
  `${CREDENTIALS} WHERE email = $email`,
);
const CREDENTIALS_BY_ID = statement<Credentials, { readonly accountId: string }>(
  'accounts.credentials_by_id',
  `${CREDENTIALS} WHERE id = $accountId`,
);

const HIGHEST_COST = statement<{ readonly cost: string | null }>(
  'accounts.highest_password_cost',
  `SELECT max(substr(password_hash, 5, 2)) AS cost FROM users WHERE substr(password_hash, 5, 2) BETWEEN '04' AND '31'`,
);

interface RehashValues {
  readonly accountId: string;
  /** The stored hash. */
  readonly oldHash: string;
  readonly newHash: string;
}

const REHASH = statement<object, RehashValues>(
  'accounts.rehash_password',
  `UPDATE users SET password_hash = $newHash WHERE id = $accountId AND password_hash = $oldHash`,
);

interface ChangePasswordValues {
  readonly accountId: string;
  /** Version of the password that the current one was compared with. */
  readonly passwordVersion: number;
  /** Hash of the new password. */
  readonly passwordHash: string;
}

const CHANGE_PASSWORD = statement<UserRow, ChangePasswordValues>(
  'accounts.change_password',
  `UPDATE users u SET password_hash = $passwordHash, password_version = u.password_version + 1, updated_at = now()
   WHERE u.id = $accountId AND u.password_version = $passwordVersion
   RETURNING ${USER_COLUMNS}`,
);

/** Reads and writes the users' table. */
@Injectable()
export class Users {
  constructor(private readonly database: Database) {}

  /** @returns the new user's id, or null when the address is taken, also by a concurrent sign-up */
  async create(user: NewUser, transaction: Transaction): Promise<string | null> {
    const [row] = await transaction.query(CREATE, user);
    return row?.id ?? null;
  }

  /** @param email in canonical form */
  async credentialsByEmail(email: string): Promise<Credentials | null> {
    const [row] = await this.database.query(CREDENTIALS_BY_EMAIL, { email });
    return row ?? null;
  }

  /** @param userId a UUID */
  async credentialsById(userId: string): Promise<Credentials | null> {
    const [row] = await this.database.query(CREDENTIALS_BY_ID, { accountId: userId });
    return row ?? null;
  }

  /** @returns the highest bcrypt cost of the stored hashes, read from an index; null without users */
  async highestCost(): Promise<number | null> {
    const [row] = await this.database.query(HIGHEST_COST);
    return row?.cost == null ? null : Number(row.cost);
  }

  /** Stores a new hash of the same password, unless the stored hash changed in the meantime. */
  async rehash(credentials: Credentials, passwordHash: string): Promise<void> {
    const { userId, passwordHash: oldHash } = credentials;
    await this.database.query(REHASH, { accountId: userId, oldHash, newHash: passwordHash });
  }

  /**
   * Stores a new password.
   *
   * @param checked the credentials that the current password was compared with
   * @returns the updated user, or null when a concurrent change came first
   */
  async changePassword(checked: Credentials, passwordHash: string, transaction: Transaction): Promise<UserView | null> {
    const { userId, passwordVersion } = checked;
    const [row] = await transaction.query(CHANGE_PASSWORD, { accountId: userId, passwordVersion, passwordHash });
    return row ? toUserView(row) : null;
  }
}
