import { randomUUID } from 'node:crypto';
import type { ExecutionContext, Type } from '@nestjs/common';
import type { SessionCaller } from '../challenge/caller.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { HttpExchange, type HttpRequest } from '../routes/http-exchange.js';
import type { GuardedRequest } from '../routes/guarded-call.js';
import type { Caller } from '../challenge/caller.js';

/**
 * A caller with a session, as TwoFactorGuard leaves it in the request.
 *
 * @param session what the test is about; the rest is made up. `secondFactorAt` is null unless it says otherwise
 * @example
 * ```ts
 * const weak = sessionCaller({ accountId: '7' });
 * const strong = sessionCaller({ accountId: '7', secondFactorAt: new Date() });
 * ```
 */
export function sessionCaller<Session extends SessionIdentity = SessionIdentity>(
  session: Partial<Session> = {},
): SessionCaller & { readonly session: Session } {
  const whole = {
    sessionId: randomUUID(),
    accountId: 'account',
    secondFactorAt: null,
    trustedDeviceId: null,
    ...session,
  };
  return { kind: 'session', session: whole as unknown as Session };
}

/** What `executionContextOf` puts around a caller. */
export interface ContextParts<Controller extends object> {
  readonly request?: Partial<HttpRequest> & Readonly<Record<string, unknown>>;
  /** The class of the route, with its decorators. */
  readonly controller?: Type<Controller>;
  /** Name of the route's method, whose decorators guards look at. */
  readonly handler?: keyof Controller & string;
}

/** A context that also tells which header lines were set. */
export type FakeExecutionContext = ExecutionContext & {
  /** By name in lower case; `set-cookie` lines one below the other. */
  readonly responseHeaders: ReadonlyMap<string, string>;
};

/**
 * The execution context behind TwoFactorGuard, for unit tests of a host's own guards, interceptors and param decorators.
 *
 * @example
 * ```ts
 * const context = executionContextOf(sessionCaller({ secondFactorAt: new Date() }), { controller: Payments, handler: 'pay' });
 * expect(await new FreshFactorGuard(clock, reflector).canActivate(context)).toBe(true);
 * ```
 */
export function executionContextOf<Controller extends object = object>(
  caller: Caller,
  parts: ContextParts<Controller> = {},
): FakeExecutionContext {
  const { controller = class {}, handler } = parts;
  const method: unknown =
    handler === undefined ? () => undefined : Reflect.get(controller.prototype as object, handler);
  const responseHeaders = new Map<string, string>();
  const response = {};
  const httpAdapter = {
    setHeader: (_: unknown, name: string, value: string) => responseHeaders.set(name.toLowerCase(), value),
    appendHeader(_: unknown, name: string, value: string) {
      const before = responseHeaders.get(name.toLowerCase());
      responseHeaders.set(name.toLowerCase(), before === undefined ? value : `${before}\n${value}`);
    },
  };
  const http: HttpRequest = { method: 'POST', headers: {}, ip: '192.0.2.1', ...parts.request };
  const exchange = new HttpExchange(http, response, { httpAdapter } as never);
  if (caller.kind === 'session') exchange.carrier = 'authorization';
  const request: HttpRequest & GuardedRequest = { ...http, twoFactor: { exchange, caller } };
  const context = {
    responseHeaders,
    getType: () => 'http',
    getHandler: () => method,
    getClass: () => controller,
    getArgs: () => [request, response],
    getArgByIndex: (index: number) => [request, response][index],
    switchToHttp: () => ({ getRequest: () => request, getResponse: () => response, getNext: () => undefined }),
    switchToRpc: () => unsupported('rpc'),
    switchToWs: () => unsupported('ws'),
  };
  return context as unknown as FakeExecutionContext;
}

function unsupported(type: string): never {
  throw new TypeError(`The context is one of http, not of ${type}`);
}
