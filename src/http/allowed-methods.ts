import type { FastifyInstance } from 'fastify';

interface Route {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** @returns the methods of a path, none for a path without a route */
export type AllowedMethods = (url: string) => string[];

/**
 * Remembers the routes of an application from now on: Fastify itself answers 404 to a wrong method as to a wrong path,
 * and does not tell which it was.
 */
export function rememberRoutes(fastify: FastifyInstance): AllowedMethods {
  const routes = new Map<string, Route>();
  fastify.addHook('onRoute', ({ url, method }) => {
    // The answer to preflights of every path there is or is not.
    if (url === '*') return;
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const name of [method].flat()) route.methods.add(name);
    routes.set(url, route);
  });
  return (url) => {
    const [path = ''] = url.split('?');
    const matching = [...routes.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(matching.flatMap(({ methods }) => [...methods]))].toSorted();
  };
}

/** Of a route such as `/devices/:id` or `/files/*`. */
function patternOf(url: string): RegExp {
  const segments = url.split('/').map((segment) => {
    if (segment.startsWith(':')) return '[^/]+';
    return segment === '*' ? '.*' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${segments.join('/')}$`);
}
