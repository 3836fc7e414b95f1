import type { ExecutionContext } from '@nestjs/common';
import type { Caller } from '../challenge/caller.js';
import type { HttpExchange } from './http-exchange.js';

/** What a guard found: the request with its answer, and who calls. */
export interface GuardedCall {
  readonly exchange: HttpExchange;
  readonly caller: Caller;
}

/** A request that one of the guards let in. */
export interface GuardedRequest {
  twoFactor: GuardedCall;
}

/** GraphQL operations and messages: their objects belong to the host's data, so nothing is written into them. */
const calls = new WeakMap<object, GuardedCall>();

export function isHttp(context: ExecutionContext): boolean {
  return context.getType() === 'http';
}

/** Keeps what the guard found about an operation or a message, for the decorators of the handler's parameters. */
export function keepCall(context: ExecutionContext, call: GuardedCall): void {
  calls.set(keyOf(context), call);
}

/** @throws {TypeError} where no guard of the library ran */
export function callOf(context: ExecutionContext): GuardedCall {
  if (isHttp(context)) return context.switchToHttp().getRequest<GuardedRequest>().twoFactor;
  const call = calls.get(keyOf(context));
  if (!call)
    throw new TypeError(`No TwoFactorGuard stands before ${context.getClass().name}.${context.getHandler().name}`);
  return call;
}

/**
 * The object that stands for one call. Nest gives guard and handler different contexts and different lists of arguments; the
 * last object among the arguments is the same: `info` of a GraphQL field, the context of a microservice's message, the data
 * of a WebSocket's message. Where such data is no object, the client stands for it: then its handshake carries the credential,
 * which is the same for each of its messages.
 */
function keyOf(context: ExecutionContext): object {
  const key = context.getArgs<unknown[]>().findLast((argument) => typeof argument === 'object' && argument !== null);
  if (key === undefined) throw new TypeError('A call without any object cannot be guarded');
  return key;
}
