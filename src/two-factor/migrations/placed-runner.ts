import type { QueryRunner } from 'typeorm';
import { isPlain, placedTable, placementOf, type Placement } from '../postgres/placement.js';

/** All tables that migrations ever named. Names of indexes and constraints begin the same, and stay as they are. */
const TABLES = [
  'attempts',
  'authenticator',
  'backup_code',
  'challenge',
  'key',
  'notice_budget',
  'one_time_code',
  'otp_method',
  'pending_notice',
  'send_budget',
  'trusted_device',
];

const TABLE = new RegExp(`\\btwo_factor_(?:${TABLES.join('|')})\\b`, 'g');

/** An index is found by its schema; one that is being made is put where its table is. */
const ALTERED_INDEX = /\bALTER INDEX (\w+)/g;

/** Runs the SQL of a migration where the data source has its tables: its `schema` and its `entityPrefix`. */
export function placedRunner(runner: QueryRunner): Pick<QueryRunner, 'query'> {
  const placement = placementOf(runner.connection);
  if (isPlain(placement)) return runner;
  return { query: (text: string) => runner.query(placed(text, placement)) };
}

function placed(text: string, placement: Placement): string {
  return text
    .replaceAll(TABLE, (name) => placedTable(name, placement))
    .replaceAll(ALTERED_INDEX, (_, index: string) => `ALTER INDEX ${placedTable(index, { ...placement, prefix: '' })}`);
}
