import type { Guess, StatementPair } from '../verification/guess.js';
import type { SecondFactor } from '../ports/session-gateway.js';
import type { TwoFactorErrorCode } from '../two-factor.errors.js';

/** A right code, and what is written to spend it. */
export interface Match {
  /** Values of the spending statement after the first. */
  readonly values: readonly unknown[];
  readonly spend: StatementPair;
  /** How it was proven [RFC 8176]; `otp` where nothing else is said. */
  readonly amr?: 'otp' | 'sms';
}

/** What spending a factor told. */
export interface Spent {
  /** The code confirmed a staged factor; `replaced` when it took the place of a confirmed one. */
  readonly enrolled?: boolean;
  readonly replaced?: boolean;
  /** Two-factor was on already: the factor came in addition. */
  readonly added?: boolean;
  /** Backup codes left, where the factor is one. */
  readonly left?: number;
}

/** What every factor's service gives to the verification: statements, errors, and the check itself. */
export interface Factor<Proof> {
  readonly name: SecondFactor;
  readonly invalid: TwoFactorErrorCode;
  readonly notEnabled: TwoFactorErrorCode;
  /** Whether failures count against the account; false for codes too long to be guessed. */
  readonly lockable: boolean;
  readonly guess: StatementPair;
  /** Checks a code in memory, in constant time. */
  match(code: string, guess: Guess<Proof>): Match | null;
}
