import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, errorStatus } from './http-exception.filter.js';
import { requestIds } from './request-id.js';
import { firstHeaders, followRequests, logAnswer } from './request-log.js';

export interface HttpAdapterOptions {
  /** Addresses and networks whose `X-Forwarded-*` headers and request ids are believed. */
  readonly trustProxy: readonly string[];
  /** How long a client may take to send a request; without end by default. */
  readonly requestTimeoutMs?: number;
}

/**
 * Fastify for the service. What it refuses before it looks for a route, such as a malformed URL, gets the shape of every
 * other error.
 */
export function createHttpAdapter({ trustProxy, requestTimeoutMs }: HttpAdapterOptions) {
  const adapter = new FastifyAdapter({
    // An empty list would be refused.
    trustProxy: trustProxy.length > 0 && [...trustProxy],
    requestTimeout: requestTimeoutMs,
    // Fastify's own 503 comes before every hook and has no code; `refuseWhenStopping` answers in its place.
    return503OnClosing: false,
    genReqId: requestIds(trustProxy),
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const status = errorStatus(error);
      void reply.code(status).headers(firstHeaders(request)).send(errorBody(error, status));
      logAnswer(request, reply);
    },
  });
  followRequests(adapter);
  return adapter;
}
