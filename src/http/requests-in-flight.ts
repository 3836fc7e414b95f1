import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_PREFIX } from './api-prefix.js';
import { clientNetwork } from '../rate-limits/client-network.js';
import { TwoFactorException } from '../two-factor/index.js';

/** Requests that one client network may have in flight in this process. */
const MOST_IN_FLIGHT = 40;

/** Seconds until trying again makes sense: most requests are answered within much less. */
const RETRY_AFTER = 1;

/** Milliseconds after which a request whose client has left counts no longer, answered or not. */
const FORGOTTEN_AFTER_MS = 30_000;

/** Routes that answer everybody at any time. */
const EXEMPT = new Set(['/health', `/${API_PREFIX}/ok`]);

/**
 * Refuses what one client network sends beyond its requests in flight, before anything is asked of the database. Without
 * it a single burst fills the line for the connection pool, and other clients get 503.
 *
 * A request counts until its answer is sent and its connection is done with it. One whose client has left counts until its
 * handler is through: it still does its work, and hanging up must not make room for the next.
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
