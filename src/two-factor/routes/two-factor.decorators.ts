import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Acceptance, Caller } from '../challenge/caller.js';
import type { HttpExchange } from './http-exchange.js';
import type { SessionIdentity } from '../ports/session-gateway.js';

/** A request that one of the guards let in. */
export interface GuardedRequest {
  twoFactor: { readonly exchange: HttpExchange; readonly caller: Caller };
}

/** Metadata of `@Accepts`. */
export const ACCEPTS = Reflector.createDecorator<Acceptance>();

/** Metadata of `@RequireSecondFactor`. */
export const SECOND_FACTOR = Reflector.createDecorator<true>();

/**
 * Says who may call a route below TwoFactorGuard; without it, every caller with a session. With `sign-out` `@CurrentCaller()` gives
 * a `LeavingCaller`: all that the request carries.
 */
export const Accepts = (acceptance: Exclude<Acceptance, 'session-or-challenge' | 'anyone'>) => ACCEPTS(acceptance);

/**
 * Lets a challenge in, too: for the routes of a factor. The guard looks at the shape of a challenge token only, so the handler
 * must ask whether the challenge lives: `VerificationService.verify` and `ChallengeService.identify` do.
 */
export const AcceptsChallenge = () => ACCEPTS('session-or-challenge');

/**
 * Lets callers in with a session, with a challenge, and without any credential: for a factor that signs in on its own. As with
 * `AcceptsChallenge`, the handler must ask whether the challenge lives.
 */
export const AcceptsAnyone = () => ACCEPTS('anyone');

/**
 * Answers 403 SECOND_FACTOR_REQUIRED to a session whose second factor is missing or too old, once the account has
 * two-factor on.
 */
export const RequireSecondFactor = () => SECOND_FACTOR(true);

/** The caller that the guard found. */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller => guarded(context).caller,
);

/** The caller's session, as the SessionGateway gave it; null on routes that need no session, where there is none. */
export const CurrentSession = createParamDecorator((_: unknown, context: ExecutionContext): SessionIdentity | null => {
  const { caller } = guarded(context);
  return caller.kind === 'session' ? caller.session : null;
});

/** The request and its response, the same on Express and Fastify. */
export const CurrentExchange = createParamDecorator(
  (_: unknown, context: ExecutionContext): HttpExchange => guarded(context).exchange,
);

function guarded(context: ExecutionContext): GuardedRequest['twoFactor'] {
  return context.switchToHttp().getRequest<GuardedRequest>().twoFactor;
}
