import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options.js';
import type { DatabaseTimeouts } from './timeouts.js';

/** Gives every module TypeORM's `DataSource` on the service's database, and closes its pool after the last request. */
@Module({})
export class DatabaseModule {
  /** @param url of a database whose migrations have run */
  static forRoot(url: string, timeouts: DatabaseTimeouts): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          // The start has just migrated through this URL; a failure now is told at once, not retried for half a minute.
          useFactory: () => ({ ...dataSourceOptions(url, { timeouts }), toRetry: () => false }),
          dataSourceFactory: (options) => {
            if (!options) throw new Error('TypeOrmModule gave no options');
            return new DataSource(options).initialize();
          },
        }),
      ],
    };
  }
}
