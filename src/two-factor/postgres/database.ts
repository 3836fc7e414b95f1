import { Injectable } from '@nestjs/common';
import type { Pool, PoolClient, QueryConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { Transaction } from '../ports/transaction.js';
import type { Statement } from './statement.js';

/**
 * Runs statements on the connection pool that TypeORM already keeps.
 *
 * TypeORM's own `query` cannot name a statement, and a named one saves Postgres the parse and the plan at every
 * verification: hence the pool itself.
 */
@Injectable()
export class Database extends Transaction {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override async query<Row extends object>(text: string | Statement, values: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.pool.query<Row>(toQuery(text, values));
    return result.rows;
  }

  /**
   * Runs `work` between BEGIN and COMMIT on one connection.
   *
   * @throws what `work` throws, after ROLLBACK; a connection that cannot roll back is closed, not reused
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const result = await work(new ClientTransaction(client));
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((rollbackError: unknown) => {
        broken = rollbackError instanceof Error ? rollbackError : new Error(String(rollbackError));
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }
}

class ClientTransaction extends Transaction {
  constructor(private readonly client: PoolClient) {
    super();
  }

  override async query<Row extends object>(text: string | Statement, values: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.client.query<Row>(toQuery(text, values));
    return result.rows;
  }
}

function toQuery(text: string | Statement, values: readonly unknown[]): QueryConfig {
  return typeof text === 'string' ? { text, values: [...values] } : { ...text, values: [...values] };
}
