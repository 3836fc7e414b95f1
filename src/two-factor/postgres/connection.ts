import type { PoolClient, QueryConfig, QueryResult } from 'pg';
import { Transaction } from './transaction.js';
import { DatabaseUnavailableError, unavailability } from './database-unavailable.js';
import { inTime, TimeoutError } from './deadline.js';
import type { Statement } from './statement.js';

/** A connection taken from the pool. Gives it back if it is sound, and closes it otherwise. */
export class Connection extends Transaction {
  private broken: Error | undefined;
  private readonly whenCommitted: Array<() => void> = [];

  /** @param answerTimeoutMs how long the server may be silent about one statement */
  constructor(
    private readonly client: PoolClient,
    private readonly answerTimeoutMs: number,
  ) {
    super();
    // The pool listens while a client is idle. In between it is for us, or a broken connection would end the process.
    client.on('error', this.lose);
  }

  /**
   * @throws {DatabaseUnavailableError} when the connection broke, the time is over or the server says so
   * @throws whatever the driver throws about the statement itself
   */
  override async query<Row extends object>(text: string | Statement, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.run<Row>(toQuery(text, values));
    return rows;
  }

  override afterCommit(work: () => void): void {
    this.whenCommitted.push(work);
  }

  async begin(): Promise<void> {
    await this.run({ text: 'BEGIN' });
  }

  /** @throws {Error} when a statement in the transaction had failed, and somebody kept that to himself */
  async commit(): Promise<void> {
    const { command } = await this.run({ text: 'COMMIT' });
    // Postgres answers COMMIT in a failed transaction by rolling back, and calls that a success.
    if (command !== 'COMMIT') throw new Error('The transaction was rolled back, for a statement in it had failed');
    for (const work of this.whenCommitted) work();
  }

  /** Never throws: where it cannot be asked the server rolls back by itself, when the connection ends. */
  async rollBack(): Promise<void> {
    if (this.broken) return;
    try {
      await this.run({ text: 'ROLLBACK' });
    } catch (error) {
      this.lose(error);
    }
  }

  release(): void {
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

function toQuery(text: string | Statement, values: readonly unknown[]): QueryConfig {
  return typeof text === 'string' ? { text, values: [...values] } : { ...text, values: [...values] };
}
