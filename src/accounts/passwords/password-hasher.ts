import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import pLimit from 'p-limit';
import { ACCOUNTS_OPTIONS, type AccountsModuleOptions } from '../accounts.module-definition.js';
import { passwordFault } from './password-policy.js';

/** The floor of the cost [ASVS 11.4.2, OWASP Password Storage]. */
const MINIMUM_BCRYPT_COST = 10;
const MAXIMUM_BCRYPT_COST = 31;

/**
 * Hashes at a time: all threads of libuv's pool but one. A crowd at the sign-in must not keep files, names and the
 * handshakes of new database connections waiting, which share that pool.
 */
const HASHES_AT_A_TIME = Math.max(1, (Number(process.env['UV_THREADPOOL_SIZE']) || 4) - 1);

/**
 * Hashes passwords with bcrypt over base64 of their SHA-384.
 *
 * bcrypt alone stops at byte 72 and at a NUL. 48 bytes of digest are 64 characters of base64: nothing is cut, and
 * every byte of the password counts.
 */
@Injectable()
export class PasswordHasher {
  private readonly cost: number;
  private readonly limit = pLimit(HASHES_AT_A_TIME);
  /** What unknown accounts are compared with; being made while the service starts. */
  private readonly decoy: Promise<string>;

  /** @throws {RangeError} for a cost below the floor */
  constructor(@Inject(ACCOUNTS_OPTIONS) options: AccountsModuleOptions) {
    this.cost = options.bcryptCost;
    if (!Number.isInteger(this.cost) || this.cost < MINIMUM_BCRYPT_COST || this.cost > MAXIMUM_BCRYPT_COST) {
      throw new RangeError(`bcryptCost must be a whole number from ${MINIMUM_BCRYPT_COST} to ${MAXIMUM_BCRYPT_COST}`);
    }
    this.decoy = this.hash(randomBytes(32).toString('base64'));
  }

  /** @param password must have passed the policy */
  hash(password: string): Promise<string> {
    return this.limit(() => bcrypt.hash(condense(password), this.cost));
  }

  /**
   * Takes the same work whether there is an account or not, and whatever the text is [ASVS 6.3.8].
   *
   * @param hash null when there is no such account: the answer is then false
   */
  async verify(password: string, hash: string | null): Promise<boolean> {
    const compared = hash ?? (await this.decoy);
    const matches = await this.limit(() => bcrypt.compare(condense(password), compared));
    return matches && hash !== null && passwordFault(password) === null;
  }

  /** @returns whether the hash was made at another cost than the configured one */
  isOutdated(hash: string): boolean {
    return bcrypt.getRounds(hash) !== this.cost;
  }
}

function condense(password: string): string {
  return createHash('sha384').update(password, 'utf8').digest('base64');
}
