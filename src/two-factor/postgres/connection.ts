import type { PoolClient, QueryConfig, QueryResult } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { Transaction } from './transaction.js';
import { DatabaseUnavailableError, unavailability } from './database-unavailable.js';
import { inTime, TimeoutError } from './deadline.js';
import type { StatementPlacement } from './placement.js';
import { bind, type Statement } from './statement.js';

/** A connection taken from the pool. A broken one is closed, others go back. */
export class Connection extends Transaction {
  private broken: Error | undefined;
  private readonly whenCommitted: Array<() => void> = [];
  private runner: QueryRunner | undefined;

  /** @param answerTimeoutMs how long the server may be silent about one statement */
  constructor(
    private readonly client: PoolClient,
    private readonly dataSource: DataSource,
    private readonly answerTimeoutMs: number,
    private readonly placement: StatementPlacement,
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
    const { rows } = await this.run<Row>(toQuery(typeof text === 'string' ? text : this.placement.of(text), values));
    return rows;
  }

  override get manager(): EntityManager {
    this.runner ??= runnerOn(this.client, this.dataSource);
    return this.runner.manager;
  }

  override afterCommit(work: () => void): void {
    this.whenCommitted.push(work);
  }

  async begin(): Promise<void> {
    await this.run({ text: 'BEGIN' });
  }

  /** @throws {Error} when a statement of the transaction had failed and its error was swallowed */
  async commit(): Promise<void> {
    const { command } = await this.run({ text: 'COMMIT' });
    // Postgres answers COMMIT in a failed transaction by rolling back, and reports success.
    if (command !== 'COMMIT') throw new Error('The transaction was rolled back, because a statement of it had failed');
    for (const work of this.whenCommitted) work();
  }

  /** Never throws: when the connection is lost, the server rolls back by itself. */
  async rollBack(): Promise<void> {
    if (this.broken) return;
    try {
      await this.run({ text: 'ROLLBACK' });
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

  private async run<Row extends object>(query: QueryConfig): Promise<QueryResult<Row>> {
    try {
      return await inTime(this.answerTimeoutMs, 'Answer of the database', () => this.client.query<Row>(query));
    } catch (error) {
      const kind = error instanceof TimeoutError ? 'connection' : unavailability(error);
      if (kind === 'connection') this.lose(error);
      throw kind || this.broken ? new DatabaseUnavailableError(error) : error;
    }
  }

  private readonly lose = (error: unknown): void => {
    this.broken ??= error instanceof Error ? error : new Error(String(error));
  };
}

function toQuery(query: string | Statement<object, never>, values: object): QueryConfig {
  if (typeof query === 'string') return { text: query, values: values as unknown[] };
  const { name, text } = query;
  return { name, text, values: bind(query, values) };
}

/**
 * TypeORM's query runner on a connection that is taken and in a transaction already. TypeORM has no public way to make one,
 * in 0.3 as in 1; both look for `databaseConnection` before they ask the pool for another connection.
 */
function runnerOn(client: PoolClient, dataSource: DataSource): QueryRunner {
  const runner = dataSource.createQueryRunner();
  return Object.assign(runner, { databaseConnection: client, isTransactionActive: true, transactionDepth: 1 });
}
