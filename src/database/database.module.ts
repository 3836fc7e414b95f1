import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options.js';
import type { DatabaseTimeouts } from './timeouts.js';

/**
 * Opens TypeORM's `DataSource` and closes its pool after the last request. The `Database` over it comes from TwoFactorModule
 * alone: if a second module exported one, the order of the imports would decide which of the two a provider gets.
 */
@Module({})
export class DatabaseModule {
  /** @param url of a database whose migrations have run */
  static forRoot(url: string, timeouts: DatabaseTimeouts): DynamicModule {
    return {
      module: DatabaseModule,
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
    };
  }
}
