import type { ServiceConfig } from '../config/service-config.js';

/** Host names by which a developer's browser reaches the same service. */
const LOOPBACK = ['localhost', '127.0.0.1'];

/**
 * Returns the origins of the service's own pages on a developer's machine. BASE_URL names localhost: without these
 * origins, a page at 127.0.0.1/docs would get 403 for every call with its cookie. Empty in production, where the
 * service has one name.
 */
export function ownOrigins({ baseUrl, production }: Pick<ServiceConfig, 'baseUrl' | 'production'>): string[] {
  const { protocol, hostname, port } = new URL(baseUrl);
  if (production || !LOOPBACK.includes(hostname)) return [];
  return LOOPBACK.map((name) => new URL(`${protocol}//${name}:${port}`).origin);
}
