import { jest } from '@jest/globals';
import { race } from './barrier.js';
import { Caller, PASSWORD, type Answer, type AnyBody } from './client.js';
import { PasswordGuesses } from '../../src/accounts/passwords/password-guesses.service.js';
import type { TestService } from './service.js';

let networks = 0;

/**
 * @returns an address in an IPv4 /24 that no test used before, for services that trust `X-Forwarded-For` from
 * 127.0.0.1
 */
export function freshAddress(): string {
  const n = ++networks;
  return `10.${n >> 8}.${n & 255}.1`;
}

/** @returns headers of a request from an address, optionally of a trusted device */
export function from(address: string, device?: string): Record<string, string> {
  return { 'x-forwarded-for': address, ...(device !== undefined && { 'x-trusted-device': device }) };
}

/** Tries to sign in with a password. */
export function guess(
  service: Pick<TestService, 'url'>,
  email: string,
  { address = freshAddress(), device, password = 'not the password' }: GuessOptions = {},
): Promise<Answer<AnyBody>> {
  return new Caller(service).post('/sign-in/email', { email, password }, undefined, from(address, device));
}

export interface GuessOptions {
  /** A new address for each guess by default. */
  readonly address?: string;
  readonly device?: string;
  /** A wrong password by default. */
  readonly password?: string;
}

/** Options with the right password. */
export const right = (options: GuessOptions = {}) => ({ ...options, password: PASSWORD });

/** Sends many wrong guesses in parallel, distributed over the services, by default from changing addresses. */
export async function guessMany(
  services: readonly Pick<TestService, 'url'>[],
  email: string,
  count: number,
  options: GuessOptions = {},
): Promise<Answer<AnyBody>[]> {
  return race(count, (n) => guess(services[n % services.length]!, email, options));
}

/** Counts wrong guesses at an address, by default from changing networks, without sending requests. */
export async function useUp(
  service: Pick<TestService, 'app'>,
  email: string,
  count: number,
  address?: string,
): Promise<void> {
  const guesses = service.app.get(PasswordGuesses);
  const nobody = { trustedDevice: () => Promise.resolve(null) };
  for (let n = 0; n < count; n++) {
    const wrong = { address: email, ip: address ?? freshAddress(), ...nobody };
    await guesses.evaluate('wrong password', wrong, () => Promise.resolve(null));
  }
}

/** @returns the number of responses by status */
export function statuses(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** @returns the seconds of Retry-After; throws unless they are a positive integer */
export function retryAfter({ headers }: Pick<Answer, 'headers'>): number {
  const text = headers.get('retry-after');
  if (text === null || !/^[1-9]\d*$/.test(text)) throw new Error(`Retry-After is ${text}`);
  return Number(text);
}

/** The clock of the limiters in this process. */
export class LimiterClock {
  private ahead = 0;
  private readonly realNow = Date.now;
  private readonly spy = jest.spyOn(Date, 'now').mockImplementation(() => this.realNow.call(Date) + this.ahead);

  advance(seconds: number): void {
    this.ahead += seconds * 1000;
  }

  /** Stops the clock. */
  freeze(): void {
    this.spy.mockReturnValue(Date.now());
  }

  restore(): void {
    this.spy.mockRestore();
  }
}
