import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options.js';

/** For TypeORM's command line: `npm run migrate`. */
export default new DataSource(dataSourceOptions(process.env['BANK_DATABASE_URL'] ?? ''));
