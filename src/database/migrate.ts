import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { readDatabaseEnvironment } from '../config/environment.js';
import { refusal } from '../logging/refusal.js';
import { ServiceLogger } from '../logging/service-logger.js';
import { commandDatabase } from './command-database.js';
import { runMigrations } from './migrations-runner.js';

try {
  const config = readDatabaseEnvironment(process.env);
  const logger = new ServiceLogger({ ...config, logLevel: 'info' });
  Logger.overrideLogger(logger);
  const database = await commandDatabase(config, (line) => logger.announce(line));
  try {
    const names = await runMigrations(database.url);
    logger.announce(names.length === 0 ? 'Nothing to migrate' : `Migrated: ${names.join(', ')}`);
  } finally {
    await database.release();
  }
} catch (error) {
  console.error(refusal(error));
  process.exitCode = 1;
}
