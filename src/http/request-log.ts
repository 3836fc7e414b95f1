import { Logger } from '@nestjs/common';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { inRequestScope } from '../two-factor/index.js';

const logger = new Logger('Http');

export interface RequestLogOptions {
  /** Whether every response is logged, at level debug. Those of 500 and above always are, at level info. */
  readonly logEveryResponse: boolean;
  /** Headers of every response. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Opens the scope of the request, which adds its id to every log line; sets the first headers; logs the outcome. */
export function followRequests(adapter: FastifyAdapter, options: RequestLogOptions): void {
  // Uses Fastify's first hook: later hooks may answer a request themselves.
  adapter.setOnRequestHook((request, reply, done) => {
    reply.headers(firstHeaders(request, options));
    inRequestScope(request.id, done);
  });
  adapter.setOnResponseHook((request, reply, done) => {
    logResponse(request, reply, options);
    done();
  });
}

/**
 * The headers of every response: the request id, `no-store` [ASVS 14.3.2] and those of `options`. They apply to all paths,
 * because the base URL can be written in more than one way.
 */
export function firstHeaders({ id }: FastifyRequest, { headers }: RequestLogOptions): Record<string, string> {
  return { ...headers, 'cache-control': 'no-store', 'x-request-id': id };
}

/** Logs the declared route, not the requested URL: a URL may hold any text, and its query may hold secrets. */
export function logResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  { logEveryResponse }: RequestLogOptions,
): void {
  const failed = reply.statusCode >= 500;
  if (!failed && !logEveryResponse) return;
  const line = {
    event: 'http.request',
    method: request.method,
    route: request.routeOptions?.url ?? 'none',
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ip: request.ip,
  };
  inRequestScope(request.id, () => (failed ? logger.log(line) : logger.debug(line)));
}
