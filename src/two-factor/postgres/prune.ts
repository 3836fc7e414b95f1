import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Database } from './database.js';
import { reasonOf } from './database-unavailable.js';
import { statement, type Statement } from './statement.js';

/** Rows that one statement deletes at most, so that it holds locks for milliseconds only. */
const BATCH = 1000;

/** Deletes at most `limit` expired rows of a table. */
export type Prune = Statement<{ readonly pruned: number }, { readonly limit: number }>;

/**
 * A statement that deletes expired rows of a table, the oldest first. It skips rows that another transaction holds, so
 * several processes prune side by side, and no request waits for one of them.
 *
 * @param table name of the table
 * @param key its primary key, one column
 * @param end column with the time after which a row is of no use; the first one of an index
 * @param options.kept SQL interval for which a row is kept after that time
 * @param options.where SQL condition of a partial index
 */
export function prune(
  table: string,
  key: string,
  end: string,
  { kept = `interval '0'`, where = 'true' }: { readonly kept?: string; readonly where?: string } = {},
): Prune {
  // As an array Postgres runs the sub-select once. In a join it might run it again, and delete more than the limit.
  return statement(
    `prune_${table.replace('two_factor_', '')}`,
    `WITH gone AS (
       DELETE FROM ${table} WHERE ${key} = ANY (ARRAY(
         SELECT ${key} FROM ${table} WHERE ${end} <= now() - ${kept} AND ${where} ORDER BY ${end} LIMIT $limit FOR UPDATE SKIP LOCKED
       )) RETURNING 1
     )
     SELECT count(*)::integer AS pruned FROM gone`,
  );
}

/**
 * Deletes expired rows once in a while, so that no request has to. Any number of processes may run it; each varies its
 * interval at random, so that they do not run at the same moments.
 */
export class PruneJob implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Prune');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> | undefined;
  private stopped = false;

  /** @param interval seconds between two runs; 0: other processes prune */
  constructor(
    private readonly database: Database,
    private readonly statements: readonly Prune[],
    private readonly interval: number,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  /** Before the pool of connections closes. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /**
   * Deletes all rows that have expired, in batches.
   *
   * @returns how many there were
   * @throws {DatabaseUnavailableError} among others, when the database cannot be asked
   */
  async run(): Promise<number> {
    let total = 0;
    for (const each of this.statements) {
      let pruned = BATCH;
      while (pruned >= BATCH && !this.stopped) {
        const [row] = await this.database.query(each, { limit: BATCH });
        pruned = row?.pruned ?? 0;
        total += pruned;
      }
    }
    return total;
  }

  private schedule(): void {
    if (this.interval === 0 || this.stopped) return;
    const ms = this.interval * 1000 * (0.5 + Math.random());
    this.timer = setTimeout(() => {
      this.running = this.run()
        .catch((error: unknown) => this.logger.warn({ event: 'prune.failed', reason: reasonOf(error) }))
        .finally(() => this.schedule());
    }, ms).unref();
  }
}
