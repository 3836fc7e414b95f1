import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Database, type DatabaseOptions } from '../two-factor/index.js';
import { dataSourceOptions } from './data-source-options.js';
import type { DatabaseTimeouts } from './timeouts.js';

/**
 * Provides the service's database to every module: as TypeORM's `DataSource`, whose pool it closes after the last
 * request, and as the library's `Database`.
 */
@Module({})
export class DatabaseModule {
  /**
   * @param url of a database whose migrations have run
   * @param options of the library's `Database`
   */
  static forRoot(url: string, timeouts: DatabaseTimeouts, options: DatabaseOptions): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          // The migrations have just used this URL: a failure now must surface at once, without half a minute of
          // retries.
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
          useFactory: (dataSource: DataSource) => new Database(dataSource, options),
        },
      ],
      exports: [Database],
    };
  }
}
