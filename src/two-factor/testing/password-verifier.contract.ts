import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { NO_REQUEST } from '../ports/incoming-request.js';
import type { PasswordSender, PasswordVerifier } from '../ports/password-verifier.js';
import type { TestApi } from './test-api.js';

/** A verifier to hold to the contract, and what it takes to do so. */
export interface PasswordVerifierSubject {
  readonly passwords: PasswordVerifier;
  /** Makes another account with a password of its own, of 8 characters or more. */
  readonly newAccount: () => Promise<{ readonly accountId: string; readonly password: string }>;
  /** An id of the right form that no account has. */
  readonly missing: string;
}

/** Text that a client may send in the place of a password. */
const ODD: ReadonlyArray<readonly [what: string, text: string]> = [
  ['an empty text', ''],
  ['a space', ' '],
  ['a NUL character', 'pass\0word'],
  ['half of a surrogate pair', 'pass\ud800word'],
  ['ten thousand characters', 'p'.repeat(10_000)],
  ['SQL', `' OR '1'='1`],
];

/**
 * Holds a PasswordVerifier to what the library relies on.
 *
 * @param setUp called once, at the first test; the caller closes what it opens
 * @param api the test runner's functions; its globals by default
 * @example
 * ```ts
 * import { describePasswordVerifier } from 'nestjs-two-factor/testing';
 *
 * describePasswordVerifier('AcmePasswords', async () => ({ passwords, newAccount: hire, missing: '0' }));
 * ```
 */
export function describePasswordVerifier(
  name: string,
  setUp: () => Promise<PasswordVerifierSubject>,
  { describe, it }: TestApi = globalThis as unknown as TestApi,
): void {
  let ready: Promise<PasswordVerifierSubject> | undefined;
  const subject = () => (ready ??= setUp());

  describe(name, () => {
    it('is true for the password of the account, every time', async () => {
      const { passwords, newAccount } = await subject();
      const { accountId, password } = await newAccount();
      for (let time = 0; time < 2; time++) {
        assert.equal(await passwords.verify(accountId, password, senderOf(accountId)), true);
      }
    });

    it('is false for every other password, and true for the right one afterwards', async () => {
      const { passwords, newAccount } = await subject();
      const { accountId, password } = await newAccount();
      const wrong = [`${password}x`, `x${password}`, `${password} `, password.slice(0, -1), swapCase(password)];
      for (const text of wrong.filter((one) => one !== password)) {
        assert.equal(await passwords.verify(accountId, text, senderOf(accountId)), false, 'A wrong password is taken');
      }
      assert.equal(await passwords.verify(accountId, password, senderOf(accountId)), true);
    });

    it('is false for the password of another account', async () => {
      const { passwords, newAccount } = await subject();
      const [one, other] = [await newAccount(), await newAccount()];
      assert.notEqual(one.password, other.password, '`newAccount` must give passwords that differ');
      assert.equal(await passwords.verify(one.accountId, other.password, senderOf(one.accountId)), false);
    });

    it('is false for an account that does not exist', async () => {
      const { passwords, newAccount, missing } = await subject();
      const { password } = await newAccount();
      assert.equal(await passwords.verify(missing, password, senderOf(missing)), false);
      assert.equal(await passwords.verify(missing, '', senderOf(missing)), false);
    });

    for (const [what, text] of ODD) {
      it(`is false, and does not throw, for ${what}`, async () => {
        const { passwords, newAccount } = await subject();
        const { accountId } = await newAccount();
        assert.equal(await passwords.verify(accountId, text, senderOf(accountId)), false);
      });
    }
  });
}

/** A request without a trusted device, on a session of the account. */
function senderOf(accountId: string): PasswordSender {
  return {
    request: { ...NO_REQUEST, ip: '192.0.2.1', userAgent: 'contract' },
    session: { sessionId: randomUUID(), accountId, secondFactorAt: null, trustedDeviceId: null },
    trustedDevice: async () => null,
  };
}

function swapCase(text: string): string {
  return text.replaceAll(/[a-z]/gi, (letter) =>
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
  );
}
