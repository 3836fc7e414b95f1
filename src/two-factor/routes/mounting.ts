import type { Type } from '@nestjs/common';
import type { TwoFactorException } from '../two-factor.errors.js';
import { ErrorResponse } from './two-factor.openapi.js';

/** How the library's routes are mounted in the host. */
export interface RouteOptions {
  /**
   * In the place of `two-factor`, e.g. `security/mfa`. A global prefix and a version of the URI come in front of it. Routes that
   * stand beside `two-factor`, as those of passkeys, keep their own path.
   */
  readonly path?: string;
  /**
   * Which routes are mounted, by their paths below `path`: `enable`, `verify-totp`, `trusted-devices/:id`; those that stand beside
   * `two-factor` by their whole path: `passkey/verify-authentication`. All by default.
   * What is left out is missing in the OpenAPI document, too.
   */
  readonly routes?: { readonly only: readonly string[] } | { readonly except: readonly string[] };
  /** The bodies of the errors of the library's routes; `{ message, code, errors? }` otherwise. */
  readonly errors?: ErrorFormat;
}

/** What the host's clients get as errors, from the guard, the validation and the routes of the library alike. */
export interface ErrorFormat {
  /** @returns the body, to be sent as JSON */
  readonly format: (exception: TwoFactorException) => object;
  /** Media type of the body, e.g. `application/problem+json` [RFC 9457]. Default `application/json`. */
  readonly contentType?: string;
  /** The class that describes the body in the OpenAPI document, in the place of `ErrorResponse`. */
  readonly type?: Type<object>;
}

/** Token of the host's `ErrorFormat`; null without one. */
export const ERROR_FORMAT = Symbol('TwoFactorErrorFormat');

/** What controllers have as their path, as long as the host names no other one. */
const DEFAULT_PATH = 'two-factor';

/** Where Nest keeps the path of a controller or a route, and the method of a route. */
const PATH_METADATA = 'path';
const METHOD_METADATA = 'method';

/** Where @nestjs/swagger keeps the documented answers of a route: an object by status. */
const API_RESPONSE = 'swagger/apiResponse';

type Handler = (this: unknown, ...values: unknown[]) => unknown;

/**
 * Makes the controllers of one module, as its options ask for: at another path, without some routes, with another body of
 * errors in the document.
 *
 * The classes themselves stay as they are, because another module of the process may mount them otherwise.
 *
 * @throws {RangeError} naming a route that no controller has
 */
export function mountControllers(controllers: readonly Type[], options: RouteOptions): Type[] {
  const { path = DEFAULT_PATH, routes, errors } = options;
  const known = new Set(controllers.flatMap((controller) => routesOf(controller).map(({ route }) => route)));
  const named = routes ? ('only' in routes ? routes.only : routes.except) : [];
  const unknown = named.filter((route) => !known.has(route));
  if (unknown.length > 0) {
    throw new RangeError(`TwoFactorModule has no route "${unknown.join('", "')}"; it has ${[...known].join(', ')}`);
  }
  const isMounted = ({ route }: Route) => !routes || 'only' in routes === named.includes(route);
  return controllers
    .filter((controller) => routesOf(controller).some(isMounted))
    .map((controller) => mount(controller, { path, isMounted, errorType: errors?.type }));
}

function mount(
  controller: Type,
  options: {
    readonly path: string;
    readonly isMounted: (route: Route) => boolean;
    readonly errorType: Type | undefined;
  },
): Type {
  const { path, isMounted, errorType } = options;
  const Mounted = { [controller.name]: class extends controller {} }[controller.name] as Type;
  const mounted = isBelow(controller) ? path + pathBelow(controller) : pathOf(controller);
  Reflect.defineMetadata(PATH_METADATA, mounted, Mounted);
  for (const route of routesOf(controller)) {
    const original = (controller.prototype as Record<string, Handler>)[route.method] as Handler;
    const handler: Handler = function (...values) {
      return original.apply(this, values);
    };
    Object.defineProperty(handler, 'name', { value: route.method });
    // Without the metadata of a route it is a method like any other.
    if (isMounted(route)) copyMetadata(route.declaredBy, handler, errorType);
    Object.defineProperty(Mounted.prototype, route.method, { value: handler, writable: true, configurable: true });
  }
  return Mounted;
}

function copyMetadata(from: object, to: object, errorType: Type | undefined): void {
  for (const key of Reflect.getMetadataKeys(from)) {
    const value: unknown = Reflect.getMetadata(key, from);
    const isResponses = key === API_RESPONSE && errorType !== undefined;
    Reflect.defineMetadata(key, isResponses ? withErrorType(value as ApiResponses, errorType) : value, to);
  }
}

type ApiResponses = Readonly<Record<string, { readonly type?: unknown; readonly examples?: unknown }>>;

/** Examples show the library's own body, so they go with it. */
function withErrorType(responses: ApiResponses, type: Type): ApiResponses {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      if (response.type !== ErrorResponse) return [status, response];
      const { examples: _, ...rest } = response;
      return [status, { ...rest, type }];
    }),
  );
}

/** A method of a controller that is a route. */
interface Route {
  readonly method: string;
  /** Path below that of the library. */
  readonly route: string;
  /** The function that was decorated: an override of the host that was not decorated keeps the route of the base class. */
  readonly declaredBy: object;
}

function routesOf(controller: Type): readonly Route[] {
  const base = pathBelow(controller);
  const routes = new Map<string, Route>();
  let proto = controller.prototype as object;
  for (; proto !== Object.prototype; proto = Object.getPrototypeOf(proto) as object) {
    for (const method of Object.getOwnPropertyNames(proto)) {
      const declaredBy: unknown = Object.getOwnPropertyDescriptor(proto, method)?.value;
      if (typeof declaredBy !== 'function' || method === 'constructor' || routes.has(method)) continue;
      const path: unknown = Reflect.getMetadata(PATH_METADATA, declaredBy);
      if (typeof path !== 'string' || Reflect.getMetadata(METHOD_METADATA, declaredBy) === undefined) continue;
      const route = [base, path].join('/').split('/').filter(Boolean).join('/');
      routes.set(method, { method, route, declaredBy });
    }
  }
  return [...routes.values()];
}

function isBelow(controller: Type): boolean {
  return pathOf(controller).split('/')[0] === DEFAULT_PATH;
}

/** The whole path of a controller that stands beside the library's. */
function pathBelow(controller: Type): string {
  return isBelow(controller) ? pathOf(controller).slice(DEFAULT_PATH.length) : pathOf(controller);
}

function pathOf(controller: Type): string {
  return String(Reflect.getMetadata(PATH_METADATA, controller));
}
