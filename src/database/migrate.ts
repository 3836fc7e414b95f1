import 'reflect-metadata';
import { readDatabaseEnvironment } from '../config/environment.js';
import { errorMessage } from '../config/startup-error.js';
import { commandDatabase } from './command-database.js';
import { runMigrations } from './migrations-runner.js';

try {
  const database = await commandDatabase(readDatabaseEnvironment(process.env), console.log);
  try {
    const names = await runMigrations(database.url);
    console.log(names.length === 0 ? 'Nothing to migrate' : `Migrated: ${names.join(', ')}`);
  } finally {
    await database.release();
  }
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = 1;
}
