import { RequestMethod, type Type } from '@nestjs/common';
import type { TwoFactorException } from '../two-factor.errors.js';
import { ErrorResponse } from './two-factor.openapi.js';

/** How the library's routes are mounted in the host. */
export interface RouteOptions {
  /** In the place of `two-factor`, e.g. `security/mfa`. A global prefix and a version of the URI come in front of it. */
  readonly path?: string;
  /**
   * Which routes are mounted, by their paths below `path`: `enable`, `verify-totp`, `trusted-devices/:id`. All by default.
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
  const known = new Set(controllers.flatMap((controller) => [...handlersOf(controller)].map(([, route]) => route)));
  const named = routes ? ('only' in routes ? routes.only : routes.except) : [];
  const unknown = named.filter((route) => !known.has(route));
  if (unknown.length > 0) {
    throw new RangeError(`TwoFactorModule has no route "${unknown.join('", "')}"; it has ${[...known].join(', ')}`);
  }
  if (path === DEFAULT_PATH && !routes && !errors?.type) return [...controllers];
  const mounted = (route: string) => !routes || 'only' in routes === named.includes(route);
  return controllers
    .map((controller) => mount(controller, { path, mounted, errorType: errors?.type }))
    .filter((controller) => handlersOf(controller).size > 0);
}

function mount(
  controller: Type,
  {
    path,
    mounted,
    errorType,
  }: { readonly path: string; readonly mounted: (route: string) => boolean; readonly errorType: Type | undefined },
): Type {
  const Mounted = { [controller.name]: class extends controller {} }[controller.name] as Type;
  const own = pathOf(controller);
  Reflect.defineMetadata(PATH_METADATA, path + own.slice(DEFAULT_PATH.length), Mounted);
  for (const [name, route] of handlersOf(controller)) {
    const original = (controller.prototype as Record<string, Handler>)[name] as Handler;
    const handler: Handler = function (...values) {
      return original.apply(this, values);
    };
    // Without the metadata of a route it is a method like any other.
    if (mounted(route)) copyMetadata(original, handler, errorType);
    Object.defineProperty(handler, 'name', { value: name });
    Object.defineProperty(Mounted.prototype, name, { value: handler, writable: true, configurable: true });
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

/** The methods of a controller that are routes: name, and path below that of the library. */
function handlersOf(controller: Type): ReadonlyMap<string, string> {
  const base = pathOf(controller).slice(DEFAULT_PATH.length);
  const handlers = new Map<string, string>();
  const seen = new Set(['constructor']);
  for (
    let proto: object = controller.prototype as object;
    proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto) as object
  ) {
    for (const name of Object.getOwnPropertyNames(proto)) {
      const value: unknown = Object.getOwnPropertyDescriptor(proto, name)?.value;
      // An override without the metadata of a route hides the route of the base class.
      if (typeof value !== 'function' || seen.has(name)) continue;
      seen.add(name);
      const path: unknown = Reflect.getMetadata(PATH_METADATA, value);
      const method: unknown = Reflect.getMetadata(METHOD_METADATA, value);
      if (typeof path !== 'string' || typeof method !== 'number' || RequestMethod[method] === undefined) continue;
      handlers.set(name, [base, path].join('/').split('/').filter(Boolean).join('/'));
    }
  }
  return handlers;
}

function pathOf(controller: Type): string {
  return String(Reflect.getMetadata(PATH_METADATA, controller));
}
