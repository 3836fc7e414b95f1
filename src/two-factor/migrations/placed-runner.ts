import type { QueryRunner } from 'typeorm';
import { isPlain, placedTable, placedText, placementOf, type Placement } from '../postgres/placement.js';

/** An index is found by its schema; one that is being made is put where its table is. */
const FOUND_INDEX = /\b(ALTER|DROP) INDEX (\w+)/g;

/** Runs the SQL of a migration where the data source has its tables: its `schema` and its `entityPrefix`. */
export function placedRunner(runner: QueryRunner): Pick<QueryRunner, 'query'> {
  const placement = placementOf(runner.connection);
  if (isPlain(placement)) return runner;
  return { query: (text: string) => runner.query(placed(text, placement)) };
}

function placed(text: string, placement: Placement): string {
  return placedText(text, placement).replaceAll(
    FOUND_INDEX,
    (_, verb: string, index: string) => `${verb} INDEX ${placedTable(index, { ...placement, prefix: '' })}`,
  );
}
