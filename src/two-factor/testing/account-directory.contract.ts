import assert from 'node:assert/strict';
import type { Account, AccountDirectory } from '../ports/account-directory.js';
import type { Database } from '../postgres/database.js';
import { onOneConnection, rolledBack } from './contract-transactions.js';
import type { TestApi } from './test-api.js';

/** A directory to hold to the contract, and what it takes to do so. */
export interface AccountDirectorySubject {
  readonly accounts: AccountDirectory;
  /** Makes another account with two-factor off; returns its id as the library would know it. */
  readonly newAccount: () => Promise<string>;
  /** An id of the right form that no account has. */
  readonly missing: string;
  /** The library's own. */
  readonly database: Database;
  /** Whether accounts are kept in another database, where the library's transaction does not reach. Default false. */
  readonly elsewhere?: boolean;
}

/**
 * Holds an AccountDirectory to what the library relies on.
 *
 * @param setUp called once, at the first test; the caller closes what it opens
 * @param api the test runner's functions; its globals by default
 * @example
 * ```ts
 * import { describeAccountDirectory } from 'nestjs-two-factor/testing';
 *
 * describeAccountDirectory('AcmeAccounts', async () => ({ accounts, newAccount: hire, missing: '0', database }));
 * ```
 */
export function describeAccountDirectory(
  name: string,
  setUp: () => Promise<AccountDirectorySubject>,
  { describe, it }: TestApi = globalThis as unknown as TestApi,
): void {
  let ready: Promise<AccountDirectorySubject> | undefined;
  const subject = () => (ready ??= setUp());

  describe(name, () => {
    describe('find', () => {
      it('gives the account of that id', async () => {
        const { accounts, newAccount } = await subject();
        const ids = [await newAccount(), await newAccount()];
        for (const id of ids) {
          const account = await accounts.find(id);
          assert.ok(account, 'The account was not found');
          assert.equal(account.id, id);
          assert.equal(account.user.id, id, '`user.id` is not the id that the library uses');
          assertComplete(account);
        }
      });

      it('is null for an account that does not exist', async () => {
        const { accounts, missing, database } = await subject();
        assert.equal(await accounts.find(missing), null);
        await rolledBack(database, async (transaction) =>
          assert.equal(await accounts.find(missing, transaction), null),
        );
      });

      it('gives the same account inside a transaction', async () => {
        const { accounts, newAccount, database } = await subject();
        const id = await newAccount();
        const inside = await rolledBack(database, (transaction) => accounts.find(id, transaction));
        assert.deepEqual(inside, await accounts.find(id));
      });
    });

    describe('recordTwoFactor', () => {
      it('shows that two-factor is on, and off again', async () => {
        const { accounts, newAccount, database } = await subject();
        const id = await newAccount();
        for (const enabled of [true, true, false, false]) {
          const account = await database.transaction((transaction) =>
            accounts.recordTwoFactor(id, enabled, transaction),
          );
          assert.ok(account, 'The account was not found');
          assert.equal(account.id, id);
          assert.equal(account.user.twoFactorEnabled, enabled, 'The answer tells the state from before');
          assert.equal((await accounts.find(id))?.user.twoFactorEnabled, enabled);
        }
      });

      it('leaves other accounts alone', async () => {
        const { accounts, newAccount, database } = await subject();
        const [id, other] = [await newAccount(), await newAccount()];
        await database.transaction((transaction) => accounts.recordTwoFactor(id, true, transaction));
        assert.equal((await accounts.find(other))?.user.twoFactorEnabled, false);
      });

      it('is null for an account that does not exist', async () => {
        const { accounts, missing, database } = await subject();
        const account = await database.transaction((transaction) =>
          accounts.recordTwoFactor(missing, true, transaction),
        );
        assert.equal(account, null);
      });
    });

    describe('a transaction', () => {
      it('sees what it wrote, and leaves nothing behind when it is rolled back', async () => {
        const { accounts, newAccount, database, elsewhere } = await subject();
        if (elsewhere) return;
        const id = await newAccount();
        await rolledBack(database, async (transaction) => {
          await accounts.recordTwoFactor(id, true, transaction);
          const inside = await accounts.find(id, transaction);
          assert.equal(inside?.user.twoFactorEnabled, true, '`find` reads outside of the transaction');
        });
        const after = await accounts.find(id);
        assert.equal(after?.user.twoFactorEnabled, false, '`recordTwoFactor` writes outside of the transaction');
      });

      it('needs no second connection: see `Transaction`', async () => {
        const { accounts, newAccount, missing, database, elsewhere } = await subject();
        if (elsewhere) return;
        const id = await newAccount();
        await onOneConnection(database, 'AccountDirectory', [
          ['find', (transaction) => accounts.find(id, transaction)],
          ['find', (transaction) => accounts.find(missing, transaction)],
          ['recordTwoFactor', (transaction) => accounts.recordTwoFactor(id, true, transaction)],
        ]);
      });
    });
  });
}

function assertComplete({ label, email, user }: Account): void {
  for (const [member, value] of Object.entries({ label, email, 'user.email': user.email })) {
    assert.ok(typeof value === 'string' && value !== '', `\`${member}\` is empty`);
  }
  assert.equal(typeof user.name, 'string');
  assert.equal(typeof user.emailVerified, 'boolean');
  assert.equal(user.twoFactorEnabled, false, 'A new account has two-factor on');
  assert.ok(user.createdAt instanceof Date && user.updatedAt instanceof Date, 'Times must be `Date`s');
  assert.doesNotThrow(() => JSON.stringify(user), 'Clients get `user` as JSON');
}
