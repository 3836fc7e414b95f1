import type { DataSource } from 'typeorm';
import type { Statement } from './statement.js';

/** Where the library's tables are, as TypeORM's data source says. */
export interface Placement {
  /** `schema` of the data source. Undefined: the first of the search path. */
  readonly schema: string | undefined;
  /** `entityPrefix` of the data source. */
  readonly prefix: string;
}

/** The library's tables begin so. A function of that name, such as the one of an outbox, has its arguments behind it. */
const TABLE = /\btwo_factor_\w+\b(?!\()/g;

export function placementOf({ options }: Pick<DataSource, 'options'>): Placement {
  const { schema, entityPrefix } = options as { readonly schema?: string; readonly entityPrefix?: string };
  return { schema, prefix: entityPrefix ?? '' };
}

/** @returns whether statements can run as they are written */
export function isPlain({ schema, prefix }: Placement): boolean {
  return schema === undefined && prefix === '';
}

/**
 * The name of a table of the library as SQL finds it.
 *
 * @example
 * ```ts
 * // In a migration of the host's own factor:
 * await runner.query(`… REFERENCES ${placedTable(keys, placementOf(runner.connection))} (live_kid)`);
 * ```
 */
export function placedTable(name: string, { schema, prefix }: Placement): string {
  const table = prefix === '' ? name : quoted(prefix + name);
  return schema === undefined ? table : `${quoted(schema)}.${table}`;
}

/** SQL of the library with its tables where the data source has them. */
export function placedText(text: string, placement: Placement): string {
  return text.replaceAll(TABLE, (name) => placedTable(name, placement));
}

/** The statements of one data source, each placed once. */
export class StatementPlacement {
  private readonly placed = new WeakMap<object, Statement<object, never>>();

  constructor(private readonly placement: Placement) {}

  of<Row extends object>(statement: Statement<Row, never>): Statement<Row, never> {
    if (isPlain(this.placement)) return statement;
    let placed = this.placed.get(statement);
    if (!placed) {
      placed = { ...statement, text: placedText(statement.text, this.placement) };
      this.placed.set(statement, placed);
    }
    return placed as Statement<Row, never>;
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
