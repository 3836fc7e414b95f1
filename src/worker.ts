import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { loadConfig } from './config/load-config.js';
import type { ServiceConfig } from './config/service-config.js';
import { firstSignal } from './first-signal.js';
import { refusal } from './logging/refusal.js';
import type { ServiceLogger } from './logging/service-logger.js';

/* Delivers the messages that services with OUTBOX=off leave to others, and listens to no port. */

/** How long messages on their way, and the rest of the house, may take to finish once the worker was told to stop. */
const closeMs = 10_000;
const stopSignal = firstSignal();
process.exit(await main());

async function main(): Promise<number> {
  try {
    const config = await loadConfig({ ...process.env, OUTBOX: 'on', RATE_LIMIT: 'off' });
    const { ServiceLogger } = await import('./logging/service-logger.js');
    const { logUncaughtException } = await import('./logging/uncaught-exception.js');
    const { commandDatabase } = await import('./database/command-database.js');
    const logger = new ServiceLogger(config);
    logUncaughtException(logger);
    const database = await commandDatabase(config, (line) => logger.announce(line));
    try {
      const worker = await startWorker(config, database.url, logger);
      logger.announce('Two-factor worker: delivering messages');
      await stopSignal;
      await Promise.race([worker.close(), sleep(closeMs, undefined, { ref: false })]);
    } finally {
      await database.release();
    }
    return 0;
  } catch (error) {
    console.error(refusal(error));
  }
  return 1;
}

async function startWorker(
  config: ServiceConfig,
  databaseUrl: string,
  logger: ServiceLogger,
): Promise<INestApplicationContext> {
  // The framework takes a second to load, a misspelt variable none to tell.
  const { Logger } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule } = await import('./app.module.js');
  const { explainKeyRing } = await import('./keys/explain-key-ring.js');
  const { runMigrations } = await import('./database/migrations-runner.js');
  Logger.overrideLogger(logger);
  await runMigrations(databaseUrl);
  try {
    return await NestFactory.createApplicationContext(AppModule.forRoot(config, databaseUrl), {
      logger,
      abortOnError: false,
    });
  } catch (error) {
    throw explainKeyRing(error, config);
  }
}
