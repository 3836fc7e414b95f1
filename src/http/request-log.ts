import { Logger } from '@nestjs/common';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { inRequest } from '../logging/service-logger.js';

const logger = new Logger('Http');

/** Puts the request's id on every line that is logged for it, and logs how it ended. */
export function followRequests(adapter: FastifyAdapter): void {
  // Nest's own hook, which comes before all others: some of those answer by themselves.
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
 * What every answer carries, whoever gives it: the id of the request, and that no cache may store it [ASVS 14.3.2]. Not
 * only below the base URL, which can be written in more than one way.
 */
export function firstHeaders({ id }: FastifyRequest): Record<string, string> {
  return { 'cache-control': 'no-store', 'x-request-id': id };
}

/** The route as it is declared, not as it was asked for: a URL may hold anything, and its query secrets. */
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
