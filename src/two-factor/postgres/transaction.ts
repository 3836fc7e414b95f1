import type { Statement } from './statement.js';

/**
 * An open transaction of the library's database, handed to whoever has something to write together with it.
 *
 * Committing and rolling back stay with the code that opened it.
 */
export abstract class Transaction {
  /**
   * @param text SQL with `$1 …` placeholders, or a named statement
   * @returns the rows, in order
   * @throws whatever the driver throws; the transaction is then rolled back
   */
  abstract query<Row extends object>(text: string | Statement, values?: readonly unknown[]): Promise<Row[]>;

  /**
   * Runs `work` once what was written is committed, and never when it is rolled back: for events, which must not tell of
   * what did not happen.
   *
   * @param work must not throw
   */
  abstract afterCommit(work: () => void): void;
}
