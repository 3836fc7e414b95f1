import type { EntityManager } from 'typeorm';
import type { Statement } from './statement.js';

/**
 * An open transaction of the library's database. The library hands it to the host's code for what must be written together.
 *
 * Commit and rollback belong to the code that opened it.
 */
export abstract class Transaction {
  /**
   * @returns the rows, in order
   * @throws what the driver throws; the transaction is then rolled back
   */
  abstract query<Row extends object, Values extends object>(
    statement: Statement<Row, Values>,
    values: NoInfer<Values>,
  ): Promise<Row[]>;
  abstract query<Row extends object>(statement: Statement<Row>): Promise<Row[]>;
  /** @param text SQL with `$1 …` placeholders */
  abstract query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;

  /**
   * TypeORM's entity manager on the connection of this transaction: `manager.getRepository(Customer)` reads and writes inside
   * it. A repository that the host injected takes another connection of the pool, waits for this one to be free, and can
   * bring the whole application to a halt.
   *
   * Not to be kept: it is of no use after the transaction.
   */
  abstract readonly manager: EntityManager;

  /**
   * Runs `work` after the commit, and never after a rollback: for events, which must not tell of what did not happen.
   *
   * @param work must not throw
   */
  abstract afterCommit(work: () => void): void;
}
