import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, errorStatus } from './http-exception.filter.js';
import { requestIds } from './request-id.js';
import { firstHeaders, followRequests, logAnswer } from './request-log.js';

export interface HttpAdapterOptions {
  /** Addresses and networks of trusted proxies: the service accepts their `X-Forwarded-*` headers and request ids. */
  readonly trustProxy: readonly string[];
  /** Limit for receiving a request, in milliseconds. Default: no limit. */
  readonly requestTimeoutMs?: number;
}

/**
 * Creates the Fastify adapter of the service. An error that Fastify raises before routing, such as a malformed URL, has
 * the same shape as every other error.
 */
export function createHttpAdapter({ trustProxy, requestTimeoutMs }: HttpAdapterOptions) {
  const adapter = new FastifyAdapter({
    // Fastify rejects an empty list.
    trustProxy: trustProxy.length > 0 && [...trustProxy],
    requestTimeout: requestTimeoutMs,
    // Fastify's own 503 precedes every hook and has no code. `refuseWhenStopping` answers instead.
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
