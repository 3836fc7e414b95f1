import { isIP } from 'node:net';
import type { PasskeyModuleOptions } from '../two-factor/index.js';
import type { ServiceConfig } from './service-config.js';

/**
 * Passkeys belong to the host name of BASE_URL. Trusted origins of other domains get them as related origins.
 *
 * @returns undefined where browsers allow no passkeys: at an address instead of a name, and without https, except on localhost
 */
export function passkeysOf({
  baseUrl,
  trustedOrigins,
}: Pick<ServiceConfig, 'baseUrl' | 'trustedOrigins'>): PasskeyModuleOptions | undefined {
  const { hostname: rpId } = new URL(baseUrl);
  const origins = [baseUrl, ...trustedOrigins].filter(isSecure);
  if (!isSecure(baseUrl) || isIP(rpId.replaceAll(/^\[|\]$/g, '')) !== 0) return undefined;
  const isOwn = (origin: string) => isBelow(new URL(origin).hostname, rpId);
  return {
    rpId,
    origins: [...new Set(origins.filter(isOwn))],
    relatedOrigins: [...new Set(origins.filter((origin) => !isOwn(origin) && origin.startsWith('https:')))],
    signIn: true,
  };
}

function isSecure(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === 'https:' || isBelow(hostname, 'localhost');
}

function isBelow(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
