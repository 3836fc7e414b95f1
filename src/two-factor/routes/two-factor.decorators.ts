import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Acceptance, Caller } from '../challenge/caller.js';
import { stepUpDemand, type StepUpDemand, type StepUpOptions } from '../policy/step-up.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { callOf } from './guarded-call.js';
import type { HttpExchange } from './http-exchange.js';

/** Metadata of `@Accepts`. */
export const ACCEPTS = Reflector.createDecorator<Acceptance>();

/** Metadata of `@RequireTwoFactor`; `strong` is that of `@RequireSecondFactor`. One replaces the other. */
export const SECOND_FACTOR = Reflector.createDecorator<StepUpDemand | 'strong'>();

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
 * Asks for a second factor as fresh and as strong as a route needs, on a class or a method below TwoFactorGuard: REST, GraphQL,
 * WebSocket and microservice handlers. That of a method replaces that of its class.
 *
 * A session that lacks it gets 401 SECOND_FACTOR_REQUIRED with the challenge of RFC 9470 as header; `{ maxAge, acr, methods }`
 * are in the body. The client calls a `verify-*` route with the same session, and then the route again. The option
 * `stepUp.status` makes it 403.
 *
 * @throws {RangeError} when the class is loaded, for options that make no sense
 * @example
 * ```ts
 * @UseGuards(TwoFactorGuard)
 * @RequireTwoFactor({ maxAge: '5m' })
 * @Post('payments')
 * pay(@CurrentSession() session: SessionIdentity) {}
 * ```
 */
export const RequireTwoFactor = (options: StepUpOptions = {}) =>
  SECOND_FACTOR(stepUpDemand(options, '@RequireTwoFactor'));

/**
 * Answers 403 SECOND_FACTOR_REQUIRED to a session whose second factor is missing or too old, once the account has
 * two-factor on. The short form of `@RequireTwoFactor({ whenOff: 'allow' })` for hosts that answer 403 without a challenge.
 */
export const RequireSecondFactor = () => SECOND_FACTOR('strong');

/** @returns the caller that TwoFactorGuard found, for guards and interceptors of the host that run after it */
export const callerOf = (context: ExecutionContext): Caller => callOf(context).caller;

/** The caller that the guard found. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => callerOf(context));

/** The caller's session, as the SessionGateway gave it; null on routes that need no session, where there is none. */
export const CurrentSession = createParamDecorator((_: unknown, context: ExecutionContext): SessionIdentity | null => {
  const caller = callerOf(context);
  return caller.kind === 'session' ? caller.session : null;
});

/** The request and its response, the same on Express and Fastify. In GraphQL operations and messages: the request only. */
export const CurrentExchange = createParamDecorator(
  (_: unknown, context: ExecutionContext): HttpExchange => callOf(context).exchange,
);
