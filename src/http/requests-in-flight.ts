import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_PREFIX } from './api-prefix.js';
import { clientNetwork } from '../rate-limits/client-network.js';
import { TwoFactorException } from '../two-factor/index.js';

/** Maximum number of requests in flight per client network in this process. */
const MOST_IN_FLIGHT = 40;

/** `Retry-After`, in seconds. Most requests finish much sooner. */
const RETRY_AFTER = 1;

/** A request whose client has disconnected stops counting after this time, in milliseconds, answered or not. */
const FORGOTTEN_AFTER_MS = 30_000;

/** Routes that are always answered. */
const EXEMPT = new Set(['/health', `/${API_PREFIX}/ok`]);

/**
 * Refuses the requests of one client network beyond its limit, before any database statement. Without it, one burst
 * fills the queue for the connection pool, and other clients get 503.
 *
 * A request counts until its response is sent and its connection has finished with it. After a client disconnects, its
 * request counts until the handler ends: the handler still works, and a disconnect must not admit the next request.
 */
export function limitRequestsInFlight(app: NestFastifyApplication): void {
  const counts = new Map<string, number>();
  const answered = new WeakMap<FastifyRequest, () => void>();
  const fastify = app.getHttpAdapter().getInstance();

  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    if (EXEMPT.has(request.routeOptions.url ?? '')) return done();
    const network = clientNetwork(request.ip);
    const count = counts.get(network) ?? 0;
    if (count >= MOST_IN_FLIGHT) return done(new TwoFactorException('TOO_MANY_REQUESTS', { retryAfter: RETRY_AFTER }));
    counts.set(network, count + 1);

    const release = once(() => {
      const left = (counts.get(network) ?? 1) - 1;
      if (left > 0) counts.set(network, left);
      else counts.delete(network);
    });
    let closed = false;
    let sent = false;
    answered.set(request, () => {
      sent = true;
      if (closed) release();
    });
    reply.raw.once('close', () => {
      closed = true;
      if (sent) release();
      else setTimeout(release, FORGOTTEN_AFTER_MS).unref();
    });
    done();
  });

  fastify.addHook('onSend', (request: FastifyRequest, _reply: FastifyReply, _payload, done) => {
    answered.get(request)?.();
    done();
  });
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
