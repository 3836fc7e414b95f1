import type { Client, QueryResult } from 'pg';
import pgUtils from 'pg/lib/utils.js';

/** One statement on its way to the server. */
export interface Step {
  /** Of the prepared statement; undefined for one that is parsed each time. */
  readonly name?: string | undefined;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What came of one step. */
export type StepResult<Row extends object = object> = Pick<QueryResult<Row>, 'command'> & { readonly rows: Row[] };

/** As much of pg's connection as a query object uses; pg hands it to `submit`. */
interface Wire {
  readonly stream: { write(bytes: Buffer): unknown; readonly writable: boolean };
  /** Text by name of what the server has prepared; pg keeps it. */
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  query(text: string): void;
  parse(message: { name: string; text: string; types: undefined }): void;
  bind(message: {
    portal: string;
    statement: string;
    values: readonly unknown[];
    binary: false;
    valueMapper: unknown;
  }): void;
  describe(message: { type: 'P'; name: string }): void;
  execute(message: { portal: string; rows: undefined }): void;
  sync(): void;
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

type Parser = (text: string) => unknown;

/** How a client reads values; hosts may have set parsers of their own. */
interface TypeParsers {
  getTypeParser(oid: number, format: 'text'): Parser;
}

/** How rows of a statement are read. */
interface Columns {
  readonly names: readonly string[];
  readonly parsers: readonly Parser[];
}

const NO_COLUMNS: Columns = { names: [], parsers: [] };

/** Of each connection, the columns of the statements that it has prepared: the server need not describe them again. */
const columnsOf = new WeakMap<object, Map<string, Columns>>();

/** @returns whether a client lets query objects write several statements; native and pipelined ones do not */
export function isWireClient(client: Client): boolean {
  const { connection, pipeline } = client as unknown as { connection?: Partial<Wire>; pipeline?: boolean };
  return pipeline !== true && typeof connection?.parse === 'function' && typeof connection.bind === 'function';
}

/**
 * Several statements in one message, by pg's interface for query objects, as pg-cursor and pg-query-stream use it.
 *
 * They run in order, and after the first that fails the server skips the others [PostgreSQL, 54.2.3]: BEGIN can travel with
 * the statement after it, which never runs outside of the transaction.
 */
export class WireQuery {
  private readonly results: StepResult[];
  private index = 0;
  private columns: Columns | undefined;
  private unreadable: Error | undefined;

  /** @param callback gets one result a step, or the error of the first that failed; pg wraps it where it has a time limit */
  constructor(
    private readonly client: Client,
    private readonly steps: readonly Step[],
    readonly callback: (error: Error | null, results: readonly StepResult[]) => void,
  ) {
    this.results = steps.map(() => ({ command: '', rows: [] }));
  }

  /** pg notes it when the server has parsed it. */
  get name(): string | undefined {
    return this.step.name;
  }

  get text(): string {
    return this.step.text;
  }

  submit(connection: Wire): Error | null {
    const [first] = this.steps;
    if (this.steps.length === 1 && first?.name === undefined && first?.values.length === 0) {
      connection.query(first.text);
      return null;
    }
    const parts: Buffer[] = [];
    // The connection's own methods, on a stream that collects: one write is one system call.
    const collecting = Object.create(connection, {
      stream: { value: { write: (bytes: Buffer) => parts.push(bytes), writable: true } },
    }) as Wire;
    try {
      for (const step of this.steps) this.write(step, collecting);
    } catch (error) {
      // A value that cannot be written. Nothing is on its way yet.
      return error as Error;
    }
    collecting.sync();
    connection.stream.write(Buffer.concat(parts));
    return null;
  }

  private write({ name = '', text, values }: Step, connection: Wire): void {
    const parsed = name === '' ? undefined : connection.parsedStatements[name];
    if (parsed !== undefined && parsed !== text) throw new Error(`Two statements are called ${name}`);
    if (parsed === undefined) connection.parse({ name, text, types: undefined });
    connection.bind({ portal: '', statement: name, values, binary: false, valueMapper: pgUtils.prepareValue });
    if (parsed === undefined || !this.known().has(name)) connection.describe({ type: 'P', name: '' });
    connection.execute({ portal: '', rows: undefined });
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    const types = this.client as unknown as TypeParsers;
    this.columns = {
      names: fields.map(({ name }) => name),
      parsers: fields.map(({ dataTypeID }) => types.getTypeParser(dataTypeID, 'text')),
    };
    if (this.step.name !== undefined) this.known().set(this.step.name, this.columns);
  }

  handleDataRow({ fields }: { readonly fields: ReadonlyArray<string | null> }): void {
    try {
      const { names, parsers } = (this.columns ??= this.described());
      const row: Record<string, unknown> = {};
      for (let n = 0; n < names.length; n++) {
        const text = fields[n] ?? null;
        row[names[n] as string] = text === null ? null : parsers[n]?.(text);
      }
      this.results[this.index]?.rows.push(row);
    } catch (error) {
      // Thrown here it would end the process: pg calls this when bytes arrive.
      this.unreadable ??= error as Error;
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const result = this.results[this.index];
    if (result) result.command = text.split(' ', 1)[0] ?? '';
    // Without columns the server sends none, and need not be asked again.
    const { name } = this.step;
    if (name !== undefined && !this.known().has(name)) this.known().set(name, NO_COLUMNS);
    // The last one stays the current one, for pg's own notes.
    if (this.index < this.steps.length - 1) this.index++;
    this.columns = undefined;
  }

  handleError(error: Error): void {
    this.callback(error, []);
  }

  handleReadyForQuery(): void {
    this.callback(this.unreadable ?? null, this.results);
  }

  handleEmptyQuery(): void {
    // Nothing to do: ReadyForQuery follows.
  }

  handlePortalSuspended(): void {
    // Only portals with a limit of rows are suspended.
  }

  private get step(): Step {
    return this.steps[this.index] as Step;
  }

  private described(): Columns {
    const columns = this.known().get(this.step.name ?? '');
    if (!columns) throw new Error('The database sent a row without its description');
    return columns;
  }

  private known(): Map<string, Columns> {
    let known = columnsOf.get(this.client);
    if (!known) columnsOf.set(this.client, (known = new Map<string, Columns>()));
    return known;
  }
}
