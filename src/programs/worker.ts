import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { loadConfig } from '../config/load-config.js';
import type { ServiceConfig } from '../config/service-config.js';
import { waitAtMost } from '../deadline.js';
import type { ServiceLogger } from '../logging/service-logger.js';
import { runProgram } from './run-program.js';
import { shutdownSignal } from './shutdown-signal.js';

/* Delivers the messages that services with OUTBOX=off only queue. Listens on no port. */

/** Grace period after the stop signal: how long messages being sent and all other parts may take to finish. */
const CLOSE_MS = 10_000;
const stopSignal = shutdownSignal();

await runProgram(
  () => loadConfig({ ...process.env, OUTBOX: 'on', RATE_LIMIT: 'off' }),
  async (config, logger) => {
    const { commandDatabase } = await import('../database/command-database.js');
    const database = await commandDatabase(config, (line) => logger.announce(line));
    try {
      const worker = await startWorker(config, database.url, logger);
      logger.announce('Two-factor worker: delivering messages');
      await stopSignal;
      await waitAtMost(CLOSE_MS, worker.close());
    } finally {
      await database.release();
    }
    return 0;
  },
);
// Without the exit, a part that does not close in time keeps the process alive.
process.exit();

async function startWorker(
  config: ServiceConfig,
  databaseUrl: string,
  logger: ServiceLogger,
): Promise<INestApplicationContext> {
  const { Logger } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule } = await import('../app.module.js');
  const { explainKeyRing } = await import('../keys/explain-key-ring.js');
  const { requireMigrated, runMigrations } = await import('../database/migrations-runner.js');
  Logger.overrideLogger(logger);
  await (config.migrations ? runMigrations(databaseUrl) : requireMigrated(databaseUrl));
  try {
    return await NestFactory.createApplicationContext(AppModule.forRoot(config, databaseUrl), {
      logger,
      abortOnError: false,
    });
  } catch (error) {
    throw explainKeyRing(error, config);
  }
}
