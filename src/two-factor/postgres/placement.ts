import type { DataSource } from 'typeorm';
import type { Statement } from './statement.js';

/** Where the library's tables are, as TypeORM's data source says. */
export interface Placement {
  /** `schema` of the data source. Undefined: the first of the search path. */
  readonly schema: string | undefined;
  /** `entityPrefix` of the data source. */
  readonly prefix: string;
}

/**
 * The library's tables, without the beginning that all have. A statement of the host may name columns that begin the same, such
 * as `two_factor_enabled`: those stay as they are.
 */
const TABLES = [
  'attempts',
  'authenticator',
  'backup_code',
  'challenge',
  'key',
  'notice_budget',
  'one_time_code',
  'otp_method',
  'outbox',
  'passkey',
  'passkey_ceremony',
  'passkey_owner',
  'pending_notice',
  'send_budget',
  'trusted_device',
];

const TABLE = new RegExp(`\\btwo_factor_(?:${TABLES.join('|')})\\b`, 'g');

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
