import { Injectable } from '@nestjs/common';
import { clientNetwork, surroundingNetwork } from '../../rate-limits/client-network.js';
import type { RateLimiter, Taken } from '../../rate-limits/rate-limiter.js';
import type { Budget } from '../../rate-limits/rate-limits.options.js';
import { RateLimitsService } from '../../rate-limits/rate-limits.service.js';
import { TwoFactorException } from '../../two-factor/index.js';
import type { Credentials } from '../users/users.js';
import type { HashCaller } from './hash-queue.js';
import { PasswordHasher } from './password-hasher.js';

const MINUTE = 60;

/** Guesses at one address from one client network. */
const FROM_A_NETWORK: Budget = { times: 10, seconds: 15 * MINUTE };

/**
 * Limit of guesses at one address from all networks [NIST SP 800-63B-4 §3.1.1.2]. Strangers can exhaust it for at most
 * this window.
 */
const FROM_EVERYWHERE: Budget = { times: 50, seconds: 10 * MINUTE };

/** Guesses at one account by one of its trusted devices. */
const BY_A_DEVICE: Budget = { times: 10, seconds: 15 * MINUTE };

/** An attempt to verify a password. */
export interface PasswordGuess {
  /** The typed address, or the signed-in account's own; in canonical form. */
  readonly address: string;
  /** IP of the client, as the HTTP server resolved it. */
  readonly ip: string | undefined;
  /** Whether the client has closed the connection. */
  readonly abandoned?: (() => boolean) | undefined;
  /** The account of the live session that the guess comes with; undefined at sign-in. */
  readonly accountId?: string;
  /**
   * Called only if the guess would otherwise be refused or wait.
   *
   * @returns the id of the account's trusted device that the guess comes from; null for none
   */
  trustedDevice(): Promise<string | null>;
}

/** An admitted guess. It counts as a failure until one of these methods is called. */
interface CountedGuess {
  /** The password was right. */
  succeeded(): Promise<void>;
  /** The password was not compared. */
  giveBack(): Promise<void>;
}

/**
 * Verifies passwords within budgets, for sign-in and for every route that asks a signed-in user again. Counts a guess
 * before it compares the password, so that parallel guesses cannot exceed a budget. Counts by the typed address, so
 * unknown addresses are counted alike.
 *
 * A guess counts against its address from its network, and against its address from all networks. If one of the two is
 * exhausted, a trusted device of the account has its own budget.
 */
@Injectable()
export class PasswordGuesses {
  private readonly fromNetwork: RateLimiter;
  private readonly fromEverywhere: RateLimiter;
  private readonly byDevice: RateLimiter;

  constructor(
    limits: RateLimitsService,
    private readonly hasher: PasswordHasher,
  ) {
    this.fromNetwork = limits.limiter('password-network', FROM_A_NETWORK);
    this.fromEverywhere = limits.limiter('password-address', FROM_EVERYWHERE);
    this.byDevice = limits.limiter('password-device', BY_A_DEVICE);
  }

  /**
   * Does the same work for known and unknown accounts.
   *
   * @param find loads the credentials, null for an unknown account; called after the guess is counted
   * @returns the credentials if the password was correct, else null
   * @throws {TwoFactorException} TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE: the password was not compared
   */
  async evaluate(
    password: string,
    guess: PasswordGuess,
    find: () => Promise<Credentials | null>,
  ): Promise<Credentials | null> {
    const counted = await this.count(guess);
    let credentials: Credentials | null;
    let right: boolean;
    try {
      credentials = await find();
      right = await this.hasher.verify(password, credentials?.passwordHash ?? null, callerOf(guess, credentials));
    } catch (error) {
      // Given back because the password was not compared: otherwise a flood of refused requests exhausts the owner's
      // guesses.
      await counted.giveBack();
      throw error;
    }
    if (!credentials || !right) return null;
    await counted.succeeded();
    return credentials;
  }

  private async count(guess: PasswordGuess): Promise<CountedGuess> {
    const { address } = guess;
    const network = await this.fromNetwork.take(`${clientNetwork(guess.ip)} ${address}`);
    // Skips the budget of all networks: otherwise a single network could exhaust it.
    if (!network.admitted) return this.countDevice(guess, network.retryAfter, await this.fromEverywhere.wait(address));
    const everywhere = await this.fromEverywhere.take(address);
    if (!everywhere.admitted) {
      // Given back: the password was not compared, so the network made no failed guess.
      await network.giveBack();
      return this.countDevice(guess, everywhere.retryAfter);
    }
    return {
      // Gives back one guess only: an owner who signs in must not refill the budget that strangers exhausted.
      succeeded: () => both(network.clear(), everywhere.giveBack()),
      giveBack: () => both(network.giveBack(), everywhere.giveBack()),
    };
  }

  /** @param waits seconds until the common budgets refill */
  private async countDevice(guess: PasswordGuess, ...waits: number[]): Promise<CountedGuess> {
    const device = await guess.trustedDevice();
    const taken: Taken | null = device === null ? null : await this.byDevice.take(device);
    if (taken?.admitted) return { succeeded: () => taken.clear(), giveBack: () => taken.giveBack() };
    // Either budget admits the owner, so the shorter wait counts.
    const retryAfter = Math.min(Math.max(...waits), taken?.retryAfter ?? Infinity);
    throw new TwoFactorException('TOO_MANY_REQUESTS', { retryAfter });
  }
}

function callerOf(guess: PasswordGuess, found: Credentials | null): HashCaller {
  const knownAs = async () => {
    if (guess.accountId !== undefined) return guess.accountId;
    return (await guess.trustedDevice()) === null ? null : (found?.userId ?? null);
  };
  return { network: surroundingNetwork(guess.ip), abandoned: guess.abandoned, knownAs };
}

async function both(...works: Promise<void>[]): Promise<void> {
  await Promise.all(works);
}
