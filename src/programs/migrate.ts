import 'reflect-metadata';
import { readDatabaseEnvironment } from '../config/environment.js';
import { runProgram } from './run-program.js';

/* Runs the migrations and exits, for operators who migrate before they start a new version. */

await runProgram(
  () => readDatabaseEnvironment(process.env),
  async (config, logger) => {
    const { Logger } = await import('@nestjs/common');
    const { commandDatabase } = await import('../database/command-database.js');
    const { runMigrations } = await import('../database/migrations-runner.js');
    Logger.overrideLogger(logger);
    const database = await commandDatabase(config, (line) => logger.announce(line));
    try {
      const names = await runMigrations(database.url);
      logger.announce(names.length === 0 ? 'Nothing to migrate' : `Migrated: ${names.join(', ')}`);
    } finally {
      await database.release();
    }
    return 0;
  },
);
