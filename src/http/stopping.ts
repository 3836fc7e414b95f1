import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { TwoFactorException } from '../two-factor/index.js';

/** `Retry-After`, in seconds: by then another process has taken over. */
const RETRY_AFTER = 1;

/**
 * Lets a stopping service refuse requests on connections that are still open. The response is 503 `SERVICE_UNAVAILABLE`
 * in the shape of every other error, and the connection is closed. The framework's own 503 has no `code`, which clients
 * rely on.
 *
 * @returns a function that starts to refuse; requests that arrived earlier are answered
 */
export function refuseWhenStopping(app: NestFastifyApplication): () => void {
  let stopping = false;
  const unavailable = new TwoFactorException('SERVICE_UNAVAILABLE', { retryAfter: RETRY_AFTER });
  app
    .getHttpAdapter()
    .getInstance()
    // Runs after the hooks that set the headers of every response, and before the body is read.
    .addHook('onRequest', (_request, reply, done) => {
      if (!stopping) {
        done();
        return;
      }
      for (const [name, value] of unavailable.headers) void reply.header(name, value);
      void reply.header('connection', 'close').code(unavailable.getStatus()).send(unavailable.getResponse());
    });
  return () => (stopping = true);
}
