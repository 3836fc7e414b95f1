import type { Transaction } from '../postgres/transaction.js';

/** What the library needs to know of an account. */
export interface Account {
  readonly id: string;
  /** What an authenticator app shows beside the issuer: an address or a name. */
  readonly label: string;
  readonly email: string;
  /** The language to write to the owner in, BCP 47, where the host knows it; otherwise the request's. */
  readonly language?: string;
  /** The account as clients may see it: the `user` member of answers. */
  readonly user: UserView;
}

/** The `user` member of answers; hosts may add members. */
export interface UserView {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly name: string;
  readonly image: string | null;
  readonly twoFactorEnabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Where the host keeps its accounts. */
export abstract class AccountDirectory {
  /** @returns the account, or null when there is none of that id */
  abstract find(accountId: string, transaction?: Transaction): Promise<Account | null>;

  /**
   * Takes note that two-factor is on or off, for the host's own screens and answers.
   *
   * The library never reads it back: its own tables decide.
   *
   * @returns the account as it is now, or null when there is none of that id
   */
  abstract recordTwoFactor(accountId: string, enabled: boolean, transaction: Transaction): Promise<Account | null>;
}
