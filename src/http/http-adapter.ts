import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, errorStatus } from './http-exception.filter.js';
import { requestIds } from './request-id.js';
import { firstHeaders, followRequests, logResponse } from './request-log.js';
import { securityHeaders } from './security-headers.js';
import type { ServiceConfig } from '../config/service-config.js';

/**
 * Creates the Fastify adapter of the service. An error that Fastify raises before routing, such as a malformed URL, has
 * the same shape as every other error.
 *
 * @param requestTimeoutMs limit for receiving a request; default: no limit
 */
export function createHttpAdapter(
  { trustProxy, baseUrl, logLevel }: Pick<ServiceConfig, 'trustProxy' | 'baseUrl' | 'logLevel'>,
  requestTimeoutMs?: number,
) {
  const log = { logEveryResponse: logLevel === 'debug', headers: securityHeaders(baseUrl) };
  const adapter = new FastifyAdapter({
    // Fastify rejects an empty list.
    trustProxy: trustProxy.length > 0 && [...trustProxy],
    requestTimeout: requestTimeoutMs,
    // Fastify's own 503 precedes every hook and has no code. `refuseWhenStopping` answers instead.
    return503OnClosing: false,
    genReqId: requestIds(trustProxy),
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const status = errorStatus(error);
      void reply.code(status).headers(firstHeaders(request, log)).send(errorBody(error, status));
      logResponse(request, reply, log);
    },
  });
  followRequests(adapter, log);
  return adapter;
}
