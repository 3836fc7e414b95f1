import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import type { ServiceConfig } from '../config/service-config.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../config/startup-error.js';
import { waitAtMost } from '../deadline.js';
import { errorCode } from '../errors.js';
import { requireMigrated, runMigrations } from '../database/migrations-runner.js';
import type { EmbeddedPostgres } from '../database/embedded/embedded-postgres.js';
import { HealthController } from '../health/health.controller.js';
import { configureHttp } from '../http/configure-http.js';
import { createHttpAdapter } from '../http/http-adapter.js';
import { refuseWhenStopping } from '../http/stopping.js';
import { explainKeyRing } from '../keys/explain-key-ring.js';
import type { ServiceLogger } from '../logging/service-logger.js';
import { serveOpenApi } from '../openapi/document.js';

/** Grace period for requests in flight after the stop signal. */
const GRACE_MS = 10_000;
/** Limit for closing all other parts after the requests. */
const CLOSE_MS = 5000;
/** Limit for receiving a request. Without it, a slow client holds a connection without end. */
const REQUEST_TIMEOUT_MS = 30_000;

export interface Service {
  /** Resolves with the reason when the service cannot continue. `stop` does not settle it. */
  readonly failed: Promise<string>;
  /**
   * Answers new requests for `shutdownDelayMs` more. Then finishes requests in flight, for at most 10 seconds, and closes all
   * parts in the reverse order of their start. Never throws.
   */
  stop(): Promise<void>;
}

/**
 * Starts the service: the embedded Postgres if no database is configured, the migrations, the application, the socket.
 *
 * @throws {StartupError} with one line for the operator; everything that was started is stopped
 */
export async function startService(config: ServiceConfig, logger: ServiceLogger): Promise<Service> {
  Logger.overrideLogger(logger);
  const embedded = config.databaseUrl === undefined ? await startEmbedded(config, logger) : undefined;
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
  let app: NestFastifyApplication | undefined;
  try {
    await (config.migrations ? runMigrations(databaseUrl) : requireMigrated(databaseUrl));
    app = await createApplication(config, databaseUrl, logger);
    const refuse = refuseWhenStopping(app);
    await listen(app, config);
    const health = app.get(HealthController, { strict: false });
    const drain = async (): Promise<void> => {
      health.stopping = true;
      await sleep(config.shutdownDelayMs);
      refuse();
    };
    return running(app, embedded, drain);
  } catch (error) {
    await close(app, embedded);
    throw explainKeyRing(error, config);
  }
}

/**
 * @param drain makes `GET /health` answer 503, waits until load balancers have seen that, and then refuses new requests. Without
 *   the wait, a balancer sends requests to a process that no longer listens
 */
function running(
  app: NestFastifyApplication,
  embedded: EmbeddedPostgres | undefined,
  drain: () => Promise<void>,
): Service {
  let stopped: Promise<void> | undefined;
  return {
    failed: new Promise((resolve) => {
      void embedded?.ended.then(() => {
        if (!stopped) resolve('The embedded Postgres ended by itself');
      });
    }),
    stop: () => (stopped ??= drain().then(() => close(app, embedded))),
  };
}

async function startEmbedded({ dataDir }: ServiceConfig, logger: ServiceLogger): Promise<EmbeddedPostgres> {
  // Loaded on use: with DATABASE_URL the service starts no process and writes no file.
  const { startEmbeddedPostgres } = await import('../database/embedded/embedded-postgres.js');
  return startEmbeddedPostgres({ dataDir, notice: (line) => logger.announce(line) });
}

async function createApplication(
  config: ServiceConfig,
  databaseUrl: string,
  logger: ServiceLogger,
): Promise<NestFastifyApplication> {
  const adapter = createHttpAdapter(config, REQUEST_TIMEOUT_MS);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config, databaseUrl), adapter, {
    logger,
    abortOnError: false,
  });
  await configureHttp(app, config);
  if (config.docs) {
    serveOpenApi(app);
    leadToDocs(app);
  }
  return app;
}

/** Redirects `/` to the documentation, because a new user opens the bare address first. */
function leadToDocs(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .get('/', (_request, reply) => reply.redirect('/docs', 302));
}

async function listen(app: NestFastifyApplication, { host, port }: ServiceConfig): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    const code = errorCode(error);
    const reasons: Record<string, string> = {
      EADDRINUSE: 'the port is taken by another program, set PORT',
      EACCES: 'not permitted, set PORT to one above 1023',
      EADDRNOTAVAIL: 'not an address of this machine, set HOST',
      ENOTFOUND: 'no such host, set HOST',
    };
    const reason = code && reasons[code];
    if (!reason) throw error;
    throw new StartupError(`Cannot listen on ${host}:${port}: ${reason}`, { cause: error });
  }
}

async function close(app: NestFastifyApplication | undefined, embedded: EmbeddedPostgres | undefined): Promise<void> {
  if (app) {
    const server = app.getHttpServer();
    // The framework closes idle connections. Connections in flight become idle after their response.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    const impatience = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    // Each close is caught: one that fails must not prevent the others, above all the database, from closing.
    const closed = app.close().catch((error: unknown) => Logger.error(error, 'Service'));
    await waitAtMost(GRACE_MS + CLOSE_MS, closed);
    clearTimeout(impatience);
    clearInterval(sweep);
  }
  await embedded?.stop();
}
