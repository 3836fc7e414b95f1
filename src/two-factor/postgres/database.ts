import { Injectable, Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { Transaction } from './transaction.js';
import { Connection } from './connection.js';
import { DatabaseUnavailableError, reasonOf } from './database-unavailable.js';
import { inTime, TimeoutError } from './deadline.js';
import { placementOf, StatementPlacement } from './placement.js';
import { bind, type Statement } from './statement.js';

/** How long requests may wait for the database, and how many. */
export interface DatabaseLimits {
  /** Milliseconds to wait for a connection. Default 3000. */
  readonly connectionTimeoutMs: number;
  /**
   * Milliseconds to wait for the answer to one statement. Default 6000. Give the server a shorter `statement_timeout`: after
   * its error the connection can be used again.
   */
  readonly answerTimeoutMs: number;
  /** How many requests may wait for a connection; further ones are refused at once. Default 100. */
  readonly mostWaiting: number;
  /**
   * Milliseconds that a port of the host may take inside a transaction of the library. Default 5000. One that waits for
   * another connection of the pool instead of using its transaction is ended by it.
   */
  readonly portTimeoutMs: number;
}

export interface DatabaseOptions extends Partial<DatabaseLimits> {
  /**
   * `false` sends statements without names, so that Postgres parses each one again. Required behind a pooler in transaction mode
   * that does not track prepared statements, such as PgBouncer before 1.21. Default true.
   */
  readonly preparedStatements?: boolean;
}

const DEFAULT_LIMITS: DatabaseLimits = {
  connectionTimeoutMs: 3000,
  answerTimeoutMs: 6000,
  mostWaiting: 100,
  portTimeoutMs: 5000,
};

/**
 * Runs statements on the connection pool that TypeORM already keeps, each within its time.
 *
 * Not by TypeORM's own `query`, which cannot name a statement: a named one saves Postgres parsing and planning at every
 * verification.
 */
@Injectable()
export class Database extends Transaction {
  private readonly logger = new Logger('Database');
  readonly limits: DatabaseLimits;
  private readonly placement: StatementPlacement;
  private readonly named: boolean;

  constructor(
    private readonly dataSource: DataSource,
    { preparedStatements = true, ...limits }: DatabaseOptions = {},
  ) {
    super();
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.placement = new StatementPlacement(placementOf(dataSource));
    this.named = preparedStatements;
  }

  /** @throws {DatabaseUnavailableError} when there is no connection or no answer in time; else what the driver throws */
  override async query<Row extends object, Values extends object>(
    statement: Statement<Row, Values>,
    values: NoInfer<Values>,
  ): Promise<Row[]>;
  override async query<Row extends object>(statement: Statement<Row>): Promise<Row[]>;
  override async query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  override async query<Row extends object>(query: string | Statement<Row, never>, values: object = []): Promise<Row[]> {
    return this.connected((connection) => connection.query(query, values));
  }

  /**
   * A statement as a connection outside of the pool runs it: with the library's tables where the data source has them.
   *
   * @throws {TypeError} when a value is missing
   */
  compose<Row extends object, Values extends object>(
    statement: Statement<Row, Values>,
    values: NoInfer<Values>,
  ): { readonly text: string; readonly values: unknown[] } {
    const { text } = this.placement.of<Row>(statement);
    return { text, values: bind(statement, values) };
  }

  override get manager(): EntityManager {
    return this.dataSource.manager;
  }

  /** At once: outside of a transaction every statement is committed when it was run. */
  override afterCommit(work: () => void): void {
    work();
  }

  /**
   * Runs `work` between BEGIN and COMMIT on one connection.
   *
   * @throws what `work` throws, after ROLLBACK; {DatabaseUnavailableError} as `query` does, and when it is not known whether
   *   the COMMIT arrived
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.connected(async (connection) => {
      connection.begin();
      try {
        const result = await work(connection);
        await connection.commit();
        return result;
      } catch (error) {
        await connection.rollBack();
        throw error;
      }
    });
  }

  private async connected<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      const connection = await this.connect();
      try {
        return await work(connection);
      } finally {
        connection.release();
      }
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) {
        this.logger.warn({ event: 'database.unavailable', reason: reasonOf(error.cause) });
      }
      throw error;
    }
  }

  /**
   * Waits for what the host does inside a transaction.
   *
   * @param what names it: `AccountDirectory.find`
   * @throws {DatabaseUnavailableError} when it takes too long: the transaction is rolled back and its connection goes back
   */
  async portTime<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await inTime(
        this.limits.portTimeoutMs,
        `${what} in a transaction (does it use the one it was given?)`,
        work,
      );
    } catch (error) {
      throw error instanceof TimeoutError ? new DatabaseUnavailableError(error) : error;
    }
  }

  /** Every reason for having no connection is an outage for clients, a wrong password too. */
  private async connect(): Promise<Connection> {
    const { connectionTimeoutMs, answerTimeoutMs, mostWaiting } = this.limits;
    const { pool } = this;
    // A request that gets an idle connection waits no longer than it takes to hand it over.
    if (pool.waitingCount - pool.idleCount >= mostWaiting) {
      throw new DatabaseUnavailableError(new Error(`${mostWaiting} are waiting for a connection already`));
    }
    let late = false;
    // The callback form attaches the error listener synchronously. Otherwise a disconnect in the packet that opened the
    // connection is an unhandled 'error' event, which ends the process.
    const open = () =>
      new Promise<Connection>((resolve, reject) => {
        pool.connect((error, client, release) => {
          if (!client) reject(error ?? new Error('The pool gave no connection'));
          else if (late) release();
          else resolve(new Connection(client, this.dataSource, answerTimeoutMs, this.placement, this.named));
        });
      });
    try {
      return await inTime(connectionTimeoutMs, 'Connection', open);
    } catch (error) {
      late = true;
      throw new DatabaseUnavailableError(error);
    }
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }
}
