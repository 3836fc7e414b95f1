import { Logger } from '@nestjs/common';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { inRequest } from '../logging/service-logger.js';

const logger = new Logger('Http');

/** Adds the request id to every log line of the request, and logs its outcome. */
export function followRequests(adapter: FastifyAdapter): void {
  // Uses Fastify's first hook: later hooks may answer a request themselves.
  adapter.setOnRequestHook((request, reply, done) => {
    reply.headers(firstHeaders(request));
    inRequest(request.id, done);
  });
  adapter.setOnResponseHook((request, reply, done) => {
    logAnswer(request, reply);
    done();
  });
}

/**
 * Sets the headers of every response: the request id, and `no-store` [ASVS 14.3.2]. Applies to all paths, because the
 * base URL can be written in more than one way.
 */
export function firstHeaders({ id }: FastifyRequest): Record<string, string> {
  return { 'cache-control': 'no-store', 'x-request-id': id };
}

/** Logs the declared route, not the requested URL: a URL may hold any text, and its query may hold secrets. */
export function logAnswer(request: FastifyRequest, reply: FastifyReply): void {
  const line = {
    event: 'http.request',
    method: request.method,
    route: request.routeOptions?.url ?? 'none',
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ip: request.ip,
  };
  inRequest(request.id, () => (line.status >= 500 ? logger.log(line) : logger.debug(line)));
}
