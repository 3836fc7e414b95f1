import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Database } from '../two-factor/index.js';
import { dataSourceOptions } from './data-source-options.js';
import type { DatabaseTimeouts } from './timeouts.js';

/**
 * Gives every module the service's database: as TypeORM's `DataSource`, whose pool it closes after the last request, and as the
 * `Database` that statements run on.
 */
@Module({})
export class DatabaseModule {
  /** @param url of a database whose migrations have run */
  static forRoot(url: string, timeouts: DatabaseTimeouts): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
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
      providers: [
        {
          provide: Database,
          inject: [DataSource],
          useFactory: (dataSource: DataSource) => new Database(dataSource, timeouts.limits),
        },
      ],
      exports: [Database],
    };
  }
}
