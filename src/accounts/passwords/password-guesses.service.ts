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

/** Guesses at one address from everywhere [NIST SP 800-63B-4 §3.1.1.2]. Strangers can use it up: no longer than this. */
const FROM_EVERYWHERE: Budget = { times: 50, seconds: 10 * MINUTE };

/** Guesses at one account by one of its trusted devices. */
const BY_A_DEVICE: Budget = { times: 10, seconds: 15 * MINUTE };

/** Somebody is about to try a password. */
export interface PasswordGuess {
  /** The address that was typed, or the signed-in account's own; in canonical form. */
  readonly address: string;
  /** Of the client, as the HTTP server resolved it. */
  readonly ip: string | undefined;
  /** Whether the client has closed the connection. */
  readonly abandoned?: (() => boolean) | undefined;
  /** The account whose live session the guess comes with; undefined at sign-in. */
  readonly accountId?: string;
  /**
   * Asked only where the guess would otherwise be refused or wait.
   *
   * @returns id of the device that the account trusts and that the guess comes from; null for none
   */
  trustedDevice(): Promise<string | null>;
}

/** A guess that may be evaluated, and is counted as a failure until it says otherwise. */
interface CountedGuess {
  /** The password was right. */
  succeeded(): Promise<void>;
  /** The password was not compared. */
  giveBack(): Promise<void>;
}

/**
 * Where passwords are looked at, within budgets, for sign-in and everything that asks a signed-in user again. A guess is
 * counted before the password is looked at, so that parallel ones cannot exceed a budget, and by what was typed: whether there
 * is such an account plays no part.
 *
 * A guess counts against its address from its network, and against its address from everywhere. Where one of them is
 * used up, a trusted device of the account has a budget of its own.
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
   * Takes the same work whether there is an account or not.
   *
   * @param find what the password is compared with, null where there is no account; asked when the guess is counted
   * @returns what it was compared with when it was right, else null
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
      // Not compared: a flood would use up the owner's guesses by requests that were refused.
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
    // Not counted here: one network alone would use up the budget of all.
    if (!network.admitted) return this.countDevice(guess, network.retryAfter, await this.fromEverywhere.wait(address));
    const everywhere = await this.fromEverywhere.take(address);
    if (!everywhere.admitted) {
      // Nobody looked at the password, so it was no failure from there.
      await network.giveBack();
      return this.countDevice(guess, everywhere.retryAfter);
    }
    return {
      // The budget of all gets one back and no more: an owner who signs in must not refill what strangers use up.
      succeeded: () => both(network.clear(), everywhere.giveBack()),
      giveBack: () => both(network.giveBack(), everywhere.giveBack()),
    };
  }

  /** @param waits seconds until the common budgets are there again */
  private async countDevice(guess: PasswordGuess, ...waits: number[]): Promise<CountedGuess> {
    const device = await guess.trustedDevice();
    const taken: Taken | null = device === null ? null : await this.byDevice.take(device);
    if (taken?.admitted) return { succeeded: () => taken.clear(), giveBack: () => taken.giveBack() };
    // Either way in will do.
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
