import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { ACCOUNTS_OPTIONS, type AccountsModuleOptions } from '../accounts.module-definition.js';
import { passwordFault } from './password-policy.js';

/** The floor of the cost [ASVS 11.4.2, OWASP Password Storage]. */
const MINIMUM_BCRYPT_COST = 10;
const MAXIMUM_BCRYPT_COST = 31;

/**
 * Hashes passwords with bcrypt over base64 of their SHA-384.
 *
 * bcrypt alone stops at byte 72 and at a NUL. 48 bytes of digest are 64 characters of base64: nothing is cut, and
 * every byte of the password counts.
 */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly cost: number;
  private decoy = '';

  /** @throws {RangeError} for a cost below the floor */
  constructor(@Inject(ACCOUNTS_OPTIONS) options: AccountsModuleOptions) {
    this.cost = options.bcryptCost;
    if (!Number.isInteger(this.cost) || this.cost < MINIMUM_BCRYPT_COST || this.cost > MAXIMUM_BCRYPT_COST) {
      throw new RangeError(`bcryptCost must be a whole number from ${MINIMUM_BCRYPT_COST} to ${MAXIMUM_BCRYPT_COST}`);
    }
  }

  /** Makes the hash that unknown accounts are compared with, before the first of them could be told by its wait. */
  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash(randomBytes(32).toString('base64'));
  }

  /** @param password must have passed the policy */
  hash(password: string): Promise<string> {
    return bcrypt.hash(condense(password), this.cost);
  }

  /**
   * Takes the same work whether there is an account or not, and whatever the text is [ASVS 6.3.8].
   *
   * @param hash null when there is no such account: the answer is then false
   */
  async verify(password: string, hash: string | null): Promise<boolean> {
    const matches = await bcrypt.compare(condense(password), hash ?? this.decoy);
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
