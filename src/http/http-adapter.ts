import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { errorBody, errorStatus } from './http-exception.filter.js';

/**
 * Fastify for the service. What it refuses before it looks for a route, such as a malformed URL, gets the shape of every
 * other error.
 */
export function createHttpAdapter(options: Pick<FastifyServerOptions, 'trustProxy' | 'requestTimeout'> = {}) {
  return new FastifyAdapter({
    ...options,
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      const status = errorStatus(error);
      void reply.code(status).header('cache-control', 'no-store').send(errorBody(error, status));
    },
  });
}
