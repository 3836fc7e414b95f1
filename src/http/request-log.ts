import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { inRequest } from '../logging/request-context.js';

const logger = new Logger('Http');

/** Answers every request with its id, puts the id on every line that is logged for it, and logs how it ended. */
export function followRequests(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    inRequest(request.id, done);
  });
  fastify.addHook('onResponse', async (request, reply) => logAnswer(request, reply));
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
