import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { createHash, randomBytes } from 'node:crypto';
import { ACCOUNTS_OPTIONS, type AccountsModuleOptions } from '../accounts.module-definition.js';
import { Users } from '../users/users.js';
import { generalSlots, type HashCaller, HashQueue } from './hash-queue.js';
import { passwordFault } from './password-policy.js';

/** Minimum cost [ASVS 11.4.2, OWASP Password Storage]. */
const MINIMUM_BCRYPT_COST = 10;
const MAXIMUM_BCRYPT_COST = 31;

/** Milliseconds of a hash of cost 12 on a usual machine. Each further cost doubles it. */
const USUAL_MS_AT_12 = 250;

/** Salt and digest that belong to no password, in bcrypt's length and alphabet. */
const DECOY = randomBytes(40).toString('base64').replaceAll('+', '.').slice(0, 53);

/**
 * Hashes passwords with bcrypt over base64 of their SHA-384.
 *
 * bcrypt alone stops at byte 72 and at a NUL. 48 bytes of digest are 64 characters of base64: nothing is cut, and
 * every byte of the password counts.
 */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly cost: number;
  private readonly queue: HashQueue;
  /** The highest known cost of a stored hash; 0 if none is known. */
  private highestStored = 0;

  /** @throws {RangeError} for a cost below the minimum */
  constructor(
    @Inject(ACCOUNTS_OPTIONS) options: Pick<AccountsModuleOptions, 'bcryptCost'>,
    @Inject(Users) private readonly users: Pick<Users, 'highestCost'>,
  ) {
    this.cost = options.bcryptCost;
    if (!Number.isInteger(this.cost) || this.cost < MINIMUM_BCRYPT_COST || this.cost > MAXIMUM_BCRYPT_COST) {
      throw new RangeError(`bcryptCost must be a whole number from ${MINIMUM_BCRYPT_COST} to ${MAXIMUM_BCRYPT_COST}`);
    }
    this.queue = new HashQueue(generalSlots(), USUAL_MS_AT_12 * 2 ** (this.cost - 12));
  }

  async onModuleInit(): Promise<void> {
    this.meet((await this.users.highestCost()) ?? 0);
  }

  /** Number of requests that wait for bcrypt. */
  get waiting(): number {
    return this.queue.waiting;
  }

  /**
   * @param password must have passed the policy
   * @throws {TwoFactorException} SERVICE_UNAVAILABLE when too many wait
   */
  hash(password: string, caller: HashCaller): Promise<string> {
    return this.queue.run(caller, () => bcrypt.hash(condense(password), this.cost));
  }

  /**
   * Does the same work for every wrong password: for known and unknown accounts, for every cost of the stored hash, and
   * for every text [ASVS 6.3.8].
   *
   * @param hash null for an unknown account; the result is then false
   * @throws {TwoFactorException} SERVICE_UNAVAILABLE when too many wait: the password was not compared
   */
  async verify(password: string, hash: string | null, caller: HashCaller): Promise<boolean> {
    const matches = await this.queue.run(caller, () => this.compare(condense(password), hash));
    return matches && passwordFault(password) === null;
  }

  /** @returns whether the hash has another cost than the configured one */
  isOutdated(hash: string): boolean {
    return bcrypt.getRounds(hash) !== this.cost;
  }

  /**
   * A hash of lower cost is faster, and its time would reveal the account. So a failure at cost c continues with decoys
   * at c, c + 1 and so on below the target t. Their rounds sum up to 2^t - 2^c; with the hash's own rounds that is 2^t,
   * as for an unknown address.
   */
  private async compare(text: string, hash: string | null): Promise<boolean> {
    if (hash === null) {
      await bcrypt.compare(text, decoy(this.target));
      return false;
    }
    const cost = bcrypt.getRounds(hash);
    this.meet(cost);
    const { target } = this;
    if (await bcrypt.compare(text, hash)) return true;
    for (let c = cost; c < target; c++) await bcrypt.compare(text, decoy(c));
    return false;
  }

  /** The cost whose work every failure takes. */
  private get target(): number {
    return Math.max(this.cost, this.highestStored);
  }

  /** Raises the target, because another process may store hashes of a higher cost. */
  private meet(cost: number): void {
    this.highestStored = Math.max(this.highestStored, cost);
  }
}

function decoy(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${DECOY}`;
}

function condense(password: string): string {
  return createHash('sha384').update(password, 'utf8').digest('base64');
}
