import type { ExecutionContext } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { headerOf, isCookieless, type HeaderLines, type IncomingRequest } from '../ports/incoming-request.js';
import type { IssuedSession, SessionCarrier } from '../ports/session-gateway.js';
import { parseCookies } from '../tokens/cookies.js';
import type { CarriedCredential } from './credential-source.js';

/** Secrets must not stay in caches [ASVS 14.3.2]. */
export const NO_STORE: HeaderLines = [['cache-control', 'no-store']];

/** The part of a request object that Express and Fastify share. */
export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip?: string;
  /** Fastify has one; Express has where a middleware gives it. */
  readonly id?: unknown;
  readonly socket?: { readonly destroyed: boolean };
}

/** Is none of the safe methods, so that the origin of a page is checked. */
const UNKNOWN_METHOD = '';

/** One request and its answer, the same under Express and under Fastify. */
export class HttpExchange {
  readonly method: string;
  readonly request: IncomingRequest;

  /** Where the caller's credential was found. Null: the route needs none, or the guard has found none. */
  carrier: SessionCarrier['carrier'] | null = null;

  constructor(
    request: HttpRequest,
    private readonly response: unknown,
    private readonly host: HttpAdapterHost,
  ) {
    const { headers } = request;
    this.method = request.method;
    this.request = {
      headers,
      cookies: parseCookies(headerOf(request, 'cookie')),
      ip: request.ip,
      userAgent: headerOf(request, 'user-agent'),
      id: typeof request.id === 'string' ? request.id : undefined,
      abandoned: () => request.socket?.destroyed === true,
    };
  }

  static of(context: ExecutionContext, host: HttpAdapterHost): HttpExchange {
    const http = context.switchToHttp();
    return new HttpExchange(http.getRequest<HttpRequest>(), http.getResponse<unknown>(), host);
  }

  /** A GraphQL operation or a message: no header lines can be written. */
  static ofMessage({ headers, method = UNKNOWN_METHOD, ip }: CarriedCredential, host: HttpAdapterHost): HttpExchange {
    return new HttpExchange({ headers, method, ...(ip !== undefined && { ip }) }, null, host);
  }

  /** Whether the request has no `Cookie` header, as requests of programs have none. */
  get cookieless(): boolean {
    return isCookieless(this.request);
  }

  /**
   * The `token` of an answer's body. A caller that lives by cookies gets the session's id: HttpOnly hides the token from
   * scripts of the page, and a body would show it to them. A dead bearer token beside the cookies changes nothing,
   * because every script can send one.
   */
  tokenInBody({ token, sessionId }: Pick<IssuedSession, 'token' | 'sessionId'>): string {
    return this.cookieless || this.carrier === 'authorization' ? token : sessionId;
  }

  /** The device token as a member of an answer, for callers without cookies: browsers must not show it to scripts. */
  deviceTokenInBody(token: string | undefined): { trustedDeviceToken?: string } {
    return token !== undefined && this.cookieless ? { trustedDeviceToken: token } : {};
  }

  /** Writes header lines; cookies add up, other names replace what was there. A message has none. */
  setHeaders(lines: HeaderLines): void {
    if (this.response === null) return;
    for (const [name, value] of lines) {
      if (name.toLowerCase() === 'set-cookie') this.host.httpAdapter.appendHeader(this.response, name, value);
      else this.host.httpAdapter.setHeader(this.response, name, value);
    }
  }
}
