import type { OpenAPIObject } from '@nestjs/swagger';
import { BEARER_AUTH } from '../two-factor/index.js';
import { operationsOf } from './operations.js';

/** Name of the security scheme for browsers. */
export const COOKIE_AUTH = 'cookieAuth';

const DEAD_BEARER = 'DeadBearer';

/**
 * Adds the session cookie to every operation that takes a bearer token, and documents how the response reports a dead
 * token. The eight operations of the original document keep their single scheme.
 *
 * @param inline paths whose security stays unchanged
 */
export function documentCredentials(document: OpenAPIObject, inline: ReadonlySet<string>): void {
  document.components ??= {};
  document.components.headers = {
    ...document.components.headers,
    [DEAD_BEARER]: {
      description:
        'Present when the bearer token of the request is dead and was ignored: the response is for the cookie, or for no credential.',
      schema: { type: 'string' },
      example: 'Bearer realm="two-factor", error="invalid_token"',
    },
  };
  for (const { path, operation } of operationsOf(document)) {
    const security = operation.security ?? [];
    if (!security.some((scheme) => BEARER_AUTH in scheme)) continue;
    if (!inline.has(path)) {
      const [bearer, ...others] = security;
      operation.security = [...(bearer ? [bearer] : []), { [COOKIE_AUTH]: [] }, ...others];
    }
    const success = operation.responses['200'];
    if (!success || '$ref' in success) continue;
    success.headers = { ...success.headers, 'WWW-Authenticate': { $ref: `#/components/headers/${DEAD_BEARER}` } };
  }
}
