import type { SessionIdentity } from '../ports/session-gateway.js';
import type { AuthenticationLevel } from '../two-factor.errors.js';
import { levelOf, reaches, stepUpDemand, stepUpRequired, type FreshnessOptions } from './step-up.js';

/** What a token says about how its session was authenticated [OpenID Connect Core §2, RFC 8176]. */
export interface SessionClaims {
  /**
   * When the latest factor was proven, in seconds since 1970: the second one, or the sign-in where there was none. Absent
   * where the host's sessions do not tell `signedInAt`: no `requireClaims` accepts such a token.
   */
  readonly auth_time?: number;
  /** Methods of authentication by RFC 8176: `['pwd', 'otp', 'mfa']`. */
  readonly amr: readonly string[];
  /** Absent after one factor only. */
  readonly acr?: AuthenticationLevel;
}

/** The payload of a token whose signature, issuer, audience and expiry were checked. */
export interface VerifiedPayload {
  readonly auth_time?: unknown;
  readonly acr?: unknown;
}

/** How long `requireClaims` accepts a proof unless `maxAge` says otherwise: as long as a session is strong by default. */
const DEFAULT_MAX_AGE = 86_400;

/** Clocks of two machines differ. A proof from further ahead than this never happened; it would stay fresh for years. */
const MOST_SECONDS_AHEAD = 60;

/** @returns the claims of a session: what was proven and when, and nothing that was not */
export function claimsOf({ secondFactorAt, signedInAt, amr }: SessionIdentity): SessionClaims {
  const provenAt = secondFactorAt ?? signedInAt;
  const acr = levelOf({ secondFactorAt, ...(amr && { amr }) });
  return {
    ...(provenAt && { auth_time: Math.floor(provenAt.getTime() / 1000) }),
    // Of a host that keeps no methods it is known that there were several, and not which.
    amr: amr ?? (acr === null ? [] : ['mfa']),
    ...(acr !== null && { acr }),
  };
}

/**
 * Makes a check of tokens that asks no database: for services that get a JWT made of `TwoFactorService.claims`.
 *
 * Verify signature, issuer, audience and expiry first. A token says what was true when it was issued, so a session that has
 * ended since passes: keep tokens short-lived.
 *
 * @param options `maxAge` (default 24 hours) and `acr` (default `mfa`)
 * @returns a function of the payload that throws SECOND_FACTOR_REQUIRED with the challenge of RFC 9470 as its `headers`
 * @throws {RangeError} for options that make no sense
 * @example
 * ```ts
 * const requireFreshFactor = requireClaims({ maxAge: '5m' });
 * requireFreshFactor(payload); // throws: the client verifies its second factor and gets another token
 * ```
 */
export function requireClaims(options: FreshnessOptions): (payload: VerifiedPayload, now?: Date) => void {
  const { acr, maxAge: asked } = stepUpDemand(options, 'requireClaims');
  const maxAge = asked ?? DEFAULT_MAX_AGE;
  return (payload, now = new Date()) => {
    const level = payload.acr === 'mfa' || payload.acr === 'phr' ? payload.acr : null;
    if (isFresh(payload.auth_time, now, maxAge) && reaches(level, acr)) return;
    // Which methods the account has is not known here.
    throw stepUpRequired({ maxAge, acr, methods: [] }, 401);
  };
}

function isFresh(authTime: unknown, now: Date, maxAge: number): boolean {
  if (typeof authTime !== 'number' || !Number.isFinite(authTime)) return false;
  const age = now.getTime() / 1000 - authTime;
  return age < maxAge && age >= -MOST_SECONDS_AHEAD;
}
