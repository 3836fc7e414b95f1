import type { ServiceConfig } from '../config/service-config.js';

/** Names under which a developer's browser reaches the same service. */
const LOOPBACK = ['localhost', '127.0.0.1'];

/**
 * Origins of the service's own pages on a developer's machine. Without these, /docs opened as 127.0.0.1 would answer 403
 * to every call that carries its cookie, because BASE_URL names localhost. None in production: there is one name.
 */
export function ownOrigins({ baseUrl, production }: Pick<ServiceConfig, 'baseUrl' | 'production'>): string[] {
  const { protocol, hostname, port } = new URL(baseUrl);
  if (production || !LOOPBACK.includes(hostname)) return [];
  return LOOPBACK.map((name) => new URL(`${protocol}//${name}:${port}`).origin);
}
