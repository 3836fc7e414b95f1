import { Client, type QueryResult } from 'pg';
import type { Statement } from '../../two-factor/index.js';
import { waitAtMost } from '../deadline.js';
import type { Finished } from './attempts.js';
import type { Delivery } from './library-delivery.js';
import type { OutboxOptions } from './outbox.options.js';
import { CLAIM, REMOVE, RETRY_LATER, type LeasedMessage } from './outbox.statements.js';
import { retryDelayMs } from './retry-schedule.js';

const CONNECT_TIMEOUT_MS = 10_000;
/** Limit for the answer to one statement. A connection that is silent for longer is replaced. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Limit for closing the connection to a database that does not answer. */
const FAREWELL_MS = 1000;

/**
 * Takes messages from the table and gives them back, on a connection of its own, so that no request waits for it.
 *
 * Every statement stands alone, is not prepared and needs no session, so the connection may go through PgBouncer in
 * transaction mode.
 */
export class Leases {
  private readonly client: Client;

  constructor(
    private readonly delivery: Pick<Delivery, 'compose'>,
    private readonly options: OutboxOptions,
  ) {
    this.client = new Client({
      connectionString: options.databaseUrl,
      application_name: 'two-factor outbox',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
      keepAlive: true,
    });
    // Without a listener, a connection that breaks while idle ends the process. The next statement reports it.
    this.client.on('error', () => undefined);
  }

  async connect(): Promise<void> {
    await this.client.connect();
  }

  /**
   * Takes messages that are due. No other process takes them before their leases end.
   *
   * @param wanted how many of each queue
   */
  async claim(wanted: ReadonlyMap<string, number>): Promise<LeasedMessage[]> {
    const { abandonedAfterMs: leaseMs, attemptTimeoutMs } = this.options;
    const asked = performance.now();
    const { rows } = await this.run(CLAIM, { queues: [...wanted.keys()], counts: [...wanted.values()], leaseMs });
    // The leases run since Postgres made them. After a slow answer they could end during the attempts.
    return performance.now() - asked > leaseMs - attemptTimeoutMs ? [] : rows;
  }

  /** Removes the messages that are done with, and sets the others to a later time. */
  async record(attempts: readonly Finished[]): Promise<void> {
    const done = attempts.filter(({ outcome }) => outcome.done);
    if (done.length > 0) await this.run(REMOVE, { ids: done.map(({ message }) => message.id) });
    const failed = attempts.flatMap(({ message, outcome }) => (outcome.done ? [] : [{ ...message, ...outcome }]));
    if (failed.length === 0) return;
    await this.run(RETRY_LATER, {
      ids: failed.map(({ id }) => id),
      leases: failed.map(({ lease }) => lease),
      delays: failed.map(({ age }) => retryDelayMs(age * 1000, this.options.retry)),
      reasons: failed.map(({ reason }) => reason),
    });
  }

  /** Never throws, and ends also when the database does not answer. */
  async close(): Promise<void> {
    await waitAtMost(
      FAREWELL_MS,
      this.client.end().catch(() => undefined),
    );
  }

  private async run<Row extends object, Values extends object>(
    statement: Statement<Row, Values>,
    values: Values,
  ): Promise<QueryResult<Row>> {
    return this.client.query<Row>(this.delivery.compose(statement, values));
  }
}
