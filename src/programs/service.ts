import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import type { ServiceConfig } from '../config/service-config.js';
import { StartupError } from '../config/startup-error.js';
import { waitAtMost } from '../deadline.js';
import { errorCode } from '../errors.js';
import { runMigrations } from '../database/migrations-runner.js';
import type { EmbeddedPostgres } from '../database/embedded/embedded-postgres.js';
import { configureHttp } from '../http/configure-http.js';
import { createHttpAdapter } from '../http/http-adapter.js';
import { refuseWhenStopping } from '../http/stopping.js';
import { explainKeyRing } from '../keys/explain-key-ring.js';
import type { ServiceLogger } from '../logging/service-logger.js';
import { serveOpenApi } from '../openapi/document.js';

/** How long requests in flight may take to finish once the service was told to stop. */
const GRACE_MS = 10_000;
/** How long everything else may take to close after them. */
const CLOSE_MS = 5000;
/** How long a client may take to send a request: a slow one must not hold a connection for ever. */
const REQUEST_TIMEOUT_MS = 30_000;

export interface Service {
  /** Settles with the reason when the service cannot go on; never by `stop`. */
  readonly failed: Promise<string>;
  /**
   * Finishes requests in flight, for 10 seconds at most, and closes everything in the order opposite to its start.
   * Never throws.
   */
  stop(): Promise<void>;
}

/**
 * Starts the service: its own Postgres when no other is configured, the migrations, the application, the socket.
 *
 * @throws {StartupError} with one line for the operator; nothing is left running
 */
export async function startService(config: ServiceConfig, logger: ServiceLogger): Promise<Service> {
  Logger.overrideLogger(logger);
  const embedded = config.databaseUrl === undefined ? await startEmbedded(config, logger) : undefined;
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
  let app: NestFastifyApplication | undefined;
  try {
    await runMigrations(databaseUrl);
    app = await createApplication(config, databaseUrl, logger);
    const refuse = refuseWhenStopping(app);
    await listen(app, config);
    return running(app, embedded, refuse);
  } catch (error) {
    await close(app, embedded);
    throw explainKeyRing(error, config);
  }
}

/** @param refuse begins to refuse new requests */
function running(app: NestFastifyApplication, embedded: EmbeddedPostgres | undefined, refuse: () => void): Service {
  let stopped: Promise<void> | undefined;
  return {
    failed: new Promise((resolve) => {
      void embedded?.ended.then(() => {
        if (!stopped) resolve('The embedded Postgres ended by itself');
      });
    }),
    stop: () => {
      refuse();
      return (stopped ??= close(app, embedded));
    },
  };
}

async function startEmbedded({ dataDir }: ServiceConfig, logger: ServiceLogger): Promise<EmbeddedPostgres> {
  // Loaded only when used: a service with a database of its own has no business with processes and files.
  const { startEmbeddedPostgres } = await import('../database/embedded/embedded-postgres.js');
  return startEmbeddedPostgres({ dataDir, notice: (line) => logger.announce(line) });
}

async function createApplication(
  config: ServiceConfig,
  databaseUrl: string,
  logger: ServiceLogger,
): Promise<NestFastifyApplication> {
  const adapter = createHttpAdapter({ trustProxy: config.trustProxy, requestTimeoutMs: REQUEST_TIMEOUT_MS });
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

/** The bare address is what a newcomer opens first: without a page of its own it is answered by the documentation. */
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
    // Those idle now are closed by the framework, those in flight become idle with their answer.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    const impatience = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    // A part that fails to close must not keep the others, the database above all, from closing.
    const closed = app.close().catch((error: unknown) => Logger.error(error, 'Service'));
    await waitAtMost(GRACE_MS + CLOSE_MS, closed);
    clearTimeout(impatience);
    clearInterval(sweep);
  }
  await embedded?.stop();
}
