import type { SessionIdentity } from '../ports/session-gateway.js';
import { TwoFactorException, type AuthenticationLevel, type StepUpChallenge } from '../two-factor.errors.js';

/** What a route, a handler or an offline check asks of a session. */
export interface FreshnessOptions {
  /**
   * How old the proof of the second factor may be: seconds, or a number with `s`, `m`, `h` or `d`, such as `'5m'`. From one
   * second to 30 days.
   */
  readonly maxAge?: number | string;
  /**
   * What must have been proven. `mfa`: any second factor. `phr`: phishing-resistant, a passkey with user verification. The
   * names are those of OpenID Connect EAP ACR Values 1.0 (`phr`) and RFC 8176 (`mfa`). Default `mfa`.
   */
  readonly acr?: AuthenticationLevel;
}

/** Options of `@RequireTwoFactor`. */
export interface StepUpOptions extends FreshnessOptions {
  /** Whether an account with two-factor off is let in, or gets 403 ENROLMENT_REQUIRED. Default `refuse`. */
  readonly whenOff?: 'allow' | 'refuse';
}

/** The same, checked, in seconds. */
export interface StepUpDemand {
  /** Null: as long as a session is strong, the option `session.strongFor`. */
  readonly maxAge: number | null;
  readonly acr: AuthenticationLevel;
  readonly whenOff: 'allow' | 'refuse';
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const MOST_SECONDS = 30 * SECONDS.d;
const KNOWN = { maxAge: undefined, acr: undefined, whenOff: undefined } satisfies Record<
  keyof StepUpOptions,
  undefined
>;

const MESSAGES = {
  mfa: 'Verify your second factor on this session first',
  phr: 'Verify a passkey on this session first',
} as const satisfies Record<AuthenticationLevel, string>;

/**
 * Checks options where they are written, not at the first request.
 *
 * @param where what the message names, such as `@RequireTwoFactor`
 * @throws {RangeError} naming the option that makes no sense, and one that does not exist
 */
export function stepUpDemand(options: StepUpOptions, where: string): StepUpDemand {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, name)) {
      throw new RangeError(`${where} has no option "${name}"; it has ${Object.keys(KNOWN).join(', ')}`);
    }
  }
  const { maxAge, acr = 'mfa', whenOff = 'refuse' } = options;
  if (!Object.hasOwn(MESSAGES, acr))
    throw new RangeError(`${where}: acr must be 'mfa' or 'phr', not ${JSON.stringify(acr)}`);
  if (!['allow', 'refuse'].includes(whenOff)) {
    throw new RangeError(`${where}: whenOff must be 'allow' or 'refuse', not ${JSON.stringify(whenOff)}`);
  }
  return { maxAge: maxAge === undefined ? null : secondsOf(maxAge, where), acr, whenOff };
}

function secondsOf(maxAge: number | string, where: string): number {
  const [, count = '', unit = 's'] = /^(\d{1,9})([smhd])$/.exec(String(maxAge)) ?? [];
  const seconds = typeof maxAge === 'number' ? maxAge : Number(count || NaN) * SECONDS[unit as keyof typeof SECONDS];
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MOST_SECONDS) {
    throw new RangeError(
      `${where}: maxAge must be whole seconds, or text such as '5m', from 1 second to 30 days, not ${JSON.stringify(maxAge)}`,
    );
  }
  return seconds;
}

/**
 * Whether a session proved a passkey with user verification: a key (`hwk` or `swk`), possession of it (`pop`) and the user
 * (`user`) [RFC 8176 §2]. Codes of an app are never enough: a person can be talked into typing them elsewhere.
 */
export function isPhishingResistant(amr: readonly string[] = []): boolean {
  return (amr.includes('hwk') || amr.includes('swk')) && amr.includes('pop') && amr.includes('user');
}

/** @returns what a session has proven; null for one factor only */
export function levelOf({ secondFactorAt, amr }: Proofs): AuthenticationLevel | null {
  if (secondFactorAt === null) return null;
  return isPhishingResistant(amr) ? 'phr' : 'mfa';
}

/** @returns whether a level is enough where another one is asked for */
export function reaches(level: AuthenticationLevel | null, asked: AuthenticationLevel): boolean {
  return level !== null && (asked === 'mfa' || level === 'phr');
}

/** What of a session tells how it was authenticated. */
export type Proofs = Pick<SessionIdentity, 'secondFactorAt' | 'amr'>;

/**
 * What a caller gets whose session is too weak or too old for a route.
 *
 * @param status 401 as RFC 9470 §3 asks, or 403 for clients that take every 401 for the end of the session
 */
export function stepUpRequired(challenge: StepUpChallenge, status: 401 | 403): TwoFactorException {
  const error = { code: 'SECOND_FACTOR_REQUIRED', status, message: MESSAGES[challenge.acr] };
  return new TwoFactorException(error, { stepUp: challenge });
}
