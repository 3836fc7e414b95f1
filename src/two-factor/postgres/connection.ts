import type { PoolClient, QueryResult } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { Transaction } from './transaction.js';
import { DatabaseUnavailableError, unavailability } from './database-unavailable.js';
import { inTime, TimeoutError } from './deadline.js';
import type { StatementPlacement } from './placement.js';
import { bind, type Statement } from './statement.js';
import { isWireClient, WireQuery, type Step, type StepResult } from './wire-query.js';

const BEGIN: Step = { text: 'BEGIN', values: [] };
const COMMIT: Step = { text: 'COMMIT', values: [] };
const ROLLBACK: Step = { text: 'ROLLBACK', values: [] };

const NOTHING: StepResult = { command: '', rows: [] };

/** A connection taken from the pool. A broken one is closed, others go back. */
export class Connection extends Transaction {
  private broken: Error | undefined;
  private readonly whenCommitted: Array<() => void> = [];
  private runner: QueryRunner | undefined;
  private state: 'no transaction' | 'to begin' | 'begun' = 'no transaction';
  /** BEGIN and the first statement; settles with their error, if they fail. */
  private opening: Promise<Error | undefined> | undefined;

  /**
   * @param answerTimeoutMs how long the server may be silent about one statement
   * @param named `false` leaves out the names of statements, see `DatabaseOptions.preparedStatements`
   */
  constructor(
    private readonly client: PoolClient,
    private readonly dataSource: DataSource,
    private readonly answerTimeoutMs: number,
    private readonly placement: StatementPlacement,
    private readonly named = true,
  ) {
    super();
    // The pool listens only while a client is idle. Without this listener a broken connection ends the process.
    client.on('error', this.lose);
  }

  /**
   * @throws {DatabaseUnavailableError} when the connection broke, the time is over or the server says so
   * @throws whatever the driver throws about the statement itself
   */
  override async query<Row extends object>(text: string | Statement<Row, never>, values: object = []): Promise<Row[]> {
    const step = toStep(typeof text === 'string' ? text : this.placement.of(text), values, this.named);
    if (this.state === 'to begin') return (await this.beginWith(step)) as Row[];
    if (this.opening) await this.opened(this.opening);
    const [result = NOTHING] = await this.run([step]);
    return result.rows as Row[];
  }

  override get manager(): EntityManager {
    this.runner ??= runnerOn(this.client, this.dataSource, async () => {
      if (this.state === 'to begin') await this.beginWith();
      if (this.opening) await this.opened(this.opening);
    });
    return this.runner.manager;
  }

  override afterCommit(work: () => void): void {
    this.whenCommitted.push(work);
  }

  /** Opens a transaction. BEGIN is sent with the first statement: a round trip less. */
  begin(): void {
    this.state = 'to begin';
  }

  /** @throws {Error} when a statement of the transaction had failed and its error was swallowed */
  async commit(): Promise<void> {
    if (this.state === 'begun') {
      const [{ command } = { command: '' }] = await this.run([COMMIT]);
      // Postgres answers COMMIT in a failed transaction by rolling back, and reports success.
      if (command !== 'COMMIT')
        throw new Error('The transaction was rolled back, because a statement of it had failed');
    }
    for (const work of this.whenCommitted) work();
  }

  /** Never throws: when the connection is lost, the server rolls back by itself. */
  async rollBack(): Promise<void> {
    if (this.broken || this.state !== 'begun') return;
    try {
      await this.run([ROLLBACK]);
    } catch (error) {
      this.lose(error);
    }
  }

  release(): void {
    // A manager that the host kept would write on a connection that serves another request by now.
    if (this.runner) Object.assign(this.runner, { isReleased: true });
    this.client.release(this.broken);
    this.client.off('error', this.lose);
  }

  /** @returns the rows of the step */
  private async beginWith(step: Step = { text: '', values: [] }): Promise<readonly object[]> {
    this.state = 'begun';
    const work = this.run(step.text === '' ? [BEGIN] : [BEGIN, step]);
    this.opening = work.then(
      () => (this.opening = undefined),
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    const [, result = NOTHING] = await work;
    return result.rows;
  }

  /** After a BEGIN that failed, further statements would run outside of a transaction. */
  private async opened(opening: Promise<Error | undefined>): Promise<void> {
    const error = await opening;
    if (error) throw error;
  }

  private async run(steps: readonly Step[]): Promise<readonly StepResult[]> {
    try {
      return await inTime(this.answerTimeoutMs, 'Answer of the database', () => this.send(steps));
    } catch (error) {
      // The driver's own stack leads to its socket; this one to the code that asked.
      if (error instanceof Error) Error.captureStackTrace(error);
      const kind = error instanceof TimeoutError ? 'connection' : unavailability(error);
      if (kind === 'connection') this.lose(error);
      throw kind || this.broken ? new DatabaseUnavailableError(error) : error;
    }
  }

  private send(steps: readonly Step[]): Promise<readonly StepResult[]> {
    const { client } = this;
    if (!isWireClient(client)) return inTurn(client, steps);
    return new Promise((resolve, reject) => {
      void client.query(
        new WireQuery(client, steps, (error, results) => {
          if (error) reject(error);
          else resolve(results);
        }),
      );
    });
  }

  private readonly lose = (error: unknown): void => {
    this.broken ??= error instanceof Error ? error : new Error(String(error));
  };
}

function toStep(query: string | Statement<object, never>, values: object, named: boolean): Step {
  if (typeof query === 'string') return { text: query, values: values as unknown[] };
  const { name, text } = query;
  return { name: named ? name : undefined, text, values: bind(query, values) };
}

/** For clients that take one statement at a time: pg's native one, and one with the option `pipeline`. */
async function inTurn(client: PoolClient, steps: readonly Step[]): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const { name, text, values } of steps) {
    const result: QueryResult<object> = await client.query({ ...(name && { name }), text, values: [...values] });
    results.push(result);
  }
  return results;
}

/**
 * TypeORM's query runner on a connection that is taken. TypeORM has no public way to make one, in 0.3 as in 1; both look for
 * `databaseConnection` before they ask the pool for another connection.
 *
 * @param begun settles when the transaction is open
 */
function runnerOn(client: PoolClient, dataSource: DataSource, begun: () => Promise<void>): QueryRunner {
  const runner = dataSource.createQueryRunner();
  const query = runner.query.bind(runner) as (...values: unknown[]) => Promise<unknown>;
  return Object.assign(runner, {
    databaseConnection: client,
    isTransactionActive: true,
    transactionDepth: 1,
    query: async (...values: unknown[]) => {
      await begun();
      return query(...values);
    },
  });
}
