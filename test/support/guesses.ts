import { jest } from '@jest/globals';
import { race } from './barrier.js';
import { Caller, PASSWORD, type Answer, type AnyBody } from './client.js';
import { PasswordGuesses } from '../../src/accounts/passwords/password-guesses.service.js';
import type { TestService } from './service.js';

let networks = 0;

/** An address of an IPv4 /24 that no test had before. For services that believe `X-Forwarded-For` of 127.0.0.1. */
export function freshAddress(): string {
  const n = ++networks;
  return `10.${n >> 8}.${n & 255}.1`;
}

/** What to send along in order to come from an address, and by a trusted device. */
export function from(address: string, device?: string): Record<string, string> {
  return { 'x-forwarded-for': address, ...(device !== undefined && { 'x-trusted-device': device }) };
}

/** Tries a password at sign-in. */
export function guess(
  service: Pick<TestService, 'url'>,
  email: string,
  { address = freshAddress(), device, password = 'not the password' }: GuessOptions = {},
): Promise<Answer<AnyBody>> {
  return new Caller(service).post('/sign-in/email', { email, password }, undefined, from(address, device));
}

export interface GuessOptions {
  /** A fresh one each time by default. */
  readonly address?: string;
  readonly device?: string;
  /** A wrong one by default. */
  readonly password?: string;
}

/** The right password, from somewhere. */
export const right = (options: GuessOptions = {}) => ({ ...options, password: PASSWORD });

/** Many wrong guesses at the same time, from changing addresses unless one is given; spread over the services. */
export async function guessMany(
  services: readonly Pick<TestService, 'url'>[],
  email: string,
  count: number,
  options: GuessOptions = {},
): Promise<Answer<AnyBody>[]> {
  return race(count, (n) => guess(services[n % services.length]!, email, options));
}

/** Counts as many guesses at an address, from changing networks unless one is given: all of them wrong. */
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

/** How many answers there are of each status. */
export function statuses(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** @returns seconds; fails for what is no whole number */
export function retryAfter({ headers }: Pick<Answer, 'headers'>): number {
  const text = headers.get('retry-after');
  if (text === null || !/^[1-9]\d*$/.test(text)) throw new Error(`Retry-After is ${text}`);
  return Number(text);
}

/** The clock that limiters in this process go by. */
export class LimiterClock {
  private ahead = 0;
  private readonly realNow = Date.now;
  private readonly spy = jest.spyOn(Date, 'now').mockImplementation(() => this.realNow.call(Date) + this.ahead);

  advance(seconds: number): void {
    this.ahead += seconds * 1000;
  }

  /** Lets it stand still. */
  freeze(): void {
    this.spy.mockReturnValue(Date.now());
  }

  restore(): void {
    this.spy.mockRestore();
  }
}
