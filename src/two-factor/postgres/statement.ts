import { createHash } from 'node:crypto';

declare const ROW: unique symbol;
declare const VALUES: unique symbol;

/** For statements without values. */
export type NoValues = Readonly<Record<string, never>>;

/**
 * A statement with a name, so that Postgres parses and plans it once for each connection.
 *
 * The type carries what goes in and what comes out: `query(statement, values)` infers the row, and the compiler refuses a
 * value that is missing, swapped with another one or of the wrong type.
 *
 * @typeParam Row one row of the result
 * @typeParam Values the values by name
 */
export interface Statement<Row extends object = object, Values extends object = NoValues> {
  /** Ends in a hash of the text: two statements of one process never share a name. */
  readonly name: string;
  /** With the placeholders of Postgres, `$1 …`. */
  readonly text: string;
  /** The name behind each placeholder, `$1` first. */
  readonly names: readonly string[];
  readonly [ROW]?: Row;
  readonly [VALUES]?: (values: Values) => void;
}

/** Postgres cuts the name of a prepared statement at 63 bytes. */
const LONGEST_NAME = 63;

const PLACEHOLDER = /\$([A-Za-z]\w*)/g;

/**
 * Defines a statement. The text is folded to one line, which keeps logs readable.
 *
 * @param name names the statement for people who read `pg_stat_statements`: lower case and underscores
 * @param text SQL with a placeholder for each value by its name: `WHERE account_id = $accountId`
 * @throws {RangeError} for a name that is too long
 * @example
 * ```ts
 * const FIND_CARD = statement<{ number: string }, { customer: string }>(
 *   'find_card',
 *   `SELECT number FROM card WHERE customer = $customer`,
 * );
 * const [card] = await database.query(FIND_CARD, { customer: '42' });
 * ```
 */
export function statement<Row extends object = object, Values extends object = NoValues>(
  name: string,
  text: string,
): Statement<Row, Values> {
  const names: string[] = [];
  const numbered = text
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim()
    .replaceAll(PLACEHOLDER, (_, value: string) => {
      if (!names.includes(value)) names.push(value);
      return `$${names.indexOf(value) + 1}`;
    });
  const hashed = `${name}.${createHash('sha256').update(numbered).digest('hex').slice(0, 10)}`;
  if (hashed.length > LONGEST_NAME) throw new RangeError(`"${name}" is too long for the name of a statement`);
  return { name: hashed, text: numbered, names };
}

/**
 * Puts values in the order of a statement's placeholders.
 *
 * @throws {TypeError} when one is missing: the driver would send NULL in its place
 */
export function bind({ name, names }: Pick<Statement, 'name' | 'names'>, values: object): unknown[] {
  return names.map((key) => {
    const value = (values as Readonly<Record<string, unknown>>)[key];
    if (value === undefined) throw new TypeError(`Statement ${name} lacks a value for "${key}"`);
    return value;
  });
}

/**
 * SQL condition that is always true, and true only after the common table expression has run.
 *
 * Postgres runs a CTE that writes at a time of its own choice. Where two parts of one statement take locks, they must take
 * them in the order that all statements keep, or two requests wait for each other. Reading the first from the second sets
 * the order.
 */
export function after(cte: string): string {
  return `(SELECT count(*) FROM ${cte}) >= 0`;
}
