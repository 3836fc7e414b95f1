import type { FastifyInstance } from 'fastify';

interface Route {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** @returns the allowed methods of a path; empty for an unknown path */
export type AllowedMethods = (url: string) => string[];

/**
 * Records the routes that an application registers from now on. Fastify answers 404 to a wrong method and to a wrong
 * path alike and does not tell them apart.
 */
export function rememberRoutes(fastify: FastifyInstance): AllowedMethods {
  const routes = new Map<string, Route>();
  fastify.addHook('onRoute', ({ url, method }) => {
    // The wildcard route answers preflights of every path, known or unknown.
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

/** Matches a route such as `/devices/:id` or `/files/*`. */
function patternOf(url: string): RegExp {
  const segments = url.split('/').map((segment) => {
    if (segment.startsWith(':')) return '[^/]+';
    return segment === '*' ? '.*' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${segments.join('/')}$`);
}
