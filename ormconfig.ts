import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { readDatabaseEnvironment } from './src/config/environment.js';
import { errorMessage } from './src/errors.js';
import { commandDatabase } from './src/database/command-database.js';
import { dataSourceOptions } from './src/database/data-source-options.js';

/*
 * For TypeORM's command line: `npm run migration:show`. Without DATABASE_URL it works on the embedded database, through
 * the service that runs on it or else a server that ends with the command.
 */
const database = await openDatabase().catch((error: unknown) => {
  // TypeORM would print that it cannot open this file, with a stack.
  console.error(errorMessage(error));
  process.exit(1);
});

/** Every command destroys its data source when it is done: the moment to let go of the server too. */
class CommandDataSource extends DataSource {
  override async destroy(): Promise<void> {
    await super.destroy();
    await database.release();
  }
}

export default new CommandDataSource(
  dataSourceOptions(database.url, { applicationName: 'two-factor cli', poolSize: 2 }),
);

async function openDatabase() {
  return commandDatabase(readDatabaseEnvironment(process.env), console.log);
}
