import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { MessageQueue, Outbox } from '../ports/outbox.js';
import type { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';
import { rolledBack } from './contract-transactions.js';
import type { TestApi } from './test-api.js';

/** A message as the outbox keeps it. */
export interface QueuedMessage {
  readonly payload: string;
  readonly discardAfter: Date;
  readonly queue: MessageQueue;
}

/** An outbox to hold to the contract, and what it takes to do so. */
export interface OutboxSubject {
  readonly outbox: Outbox;
  /** Where its function is. No worker may run on it. */
  readonly database: Database;
  /** Reads all messages that wait. */
  queued(): Promise<readonly QueuedMessage[]>;
}

const QUEUES: readonly MessageQueue[] = ['mail-code', 'sms-code', 'notice'];

/** Schema and name, each plain or quoted. */
const FUNCTION_NAME = /^(?:[a-z_][a-z0-9_]*|"[^"]+")(?:\.(?:[a-z_][a-z0-9_]*|"[^"]+"))?$/;

/**
 * Holds an Outbox to what the library relies on: the SQL function behind it.
 *
 * @param setUp called once, at the first test; the caller closes what it opens
 * @param api the test runner's functions; its globals by default
 * @example
 * ```ts
 * import { describeOutbox } from 'nestjs-two-factor/testing';
 *
 * describeOutbox('AcmeOutbox', async () => ({ outbox: new AcmeOutbox(), database, queued: readQueue }));
 * ```
 */
export function describeOutbox(
  name: string,
  setUp: () => Promise<OutboxSubject>,
  { describe, it }: TestApi = globalThis as unknown as TestApi,
): void {
  let ready: Promise<Trial> | undefined;
  const trial = () => (ready ??= setUp().then((subject) => new Trial(subject)));

  describe(name, () => {
    it('names a function that Postgres can call', async () => {
      const { outbox, enqueue, database } = await trial();
      assert.match(outbox.enqueueFunction, FUNCTION_NAME);
      await rolledBack(database, async (transaction) => enqueue(message(), transaction));
    });

    it('keeps every message as it is: payload, time and queue', async () => {
      const { enqueue, find } = await trial();
      for (const queue of QUEUES) {
        const sent = message({ queue });
        await enqueue(sent);
        const [kept, ...more] = await find(sent);
        assert.ok(kept, `Nothing waits in the queue ${queue}`);
        assert.deepEqual(more, [], 'The message waits twice');
        assert.equal(kept.queue, queue);
        assert.equal(kept.discardAfter.getTime(), sent.discardAfter.getTime());
      }
    });

    it('keeps payloads of many kilobytes and of any text', async () => {
      const { enqueue, find } = await trial();
      for (const text of ['x'.repeat(50_000), `quotes ' " \\ and ünïcödé 😀`, '%s $1 {} {{x}}']) {
        const sent = message({ text });
        await enqueue(sent);
        assert.equal((await find(sent)).length, 1, 'A payload was changed');
      }
    });

    it('queues nothing when the transaction is rolled back', async () => {
      const { enqueue, find, database } = await trial();
      const sent = message();
      await rolledBack(database, async (transaction) => enqueue(sent, transaction));
      assert.deepEqual(await find(sent), [], 'A message was queued outside of the transaction');
    });

    it('shows a message to no one before the commit', async () => {
      const { enqueue, find, database } = await trial();
      const sent = message();
      await database.transaction(async (transaction) => {
        await enqueue(sent, transaction);
        assert.deepEqual(await find(sent), [], 'A worker could send what is rolled back later');
      });
      assert.equal((await find(sent)).length, 1);
    });

    it('queues several messages by one statement, for as many rows as it has', async () => {
      const { outbox, find, database } = await trial();
      const sent = [message(), message(), message()];
      await database.query(
        `WITH written AS (SELECT unnest($1::text[]) AS payload)
         SELECT ${outbox.enqueueFunction}(written.payload, now() + interval '1 hour', 'notice') FROM written`,
        [sent.map(({ payload }) => payload)],
      );
      for (const one of sent) assert.equal((await find(one)).length, 1);
      await database.query(`SELECT ${outbox.enqueueFunction}('', now(), 'notice') FROM (SELECT WHERE false) AS no_row`);
    });
  });
}

/** A message as the library would seal it. */
function message({ queue = 'notice', text = 'sealed' }: { queue?: MessageQueue; text?: string } = {}): QueuedMessage {
  const discardAfter = new Date(Date.now() + 3_600_000);
  return { payload: JSON.stringify({ id: randomUUID(), sealed: text }), discardAfter, queue };
}

/** The subject, and shorthands for what every test does with it. */
class Trial {
  readonly outbox: Outbox;
  readonly database: Database;

  constructor(private readonly subject: OutboxSubject) {
    this.outbox = subject.outbox;
    this.database = subject.database;
  }

  readonly enqueue = async (
    { payload, discardAfter, queue }: QueuedMessage,
    transaction: Transaction = this.database,
  ): Promise<void> => {
    const { enqueueFunction } = this.outbox;
    await transaction.query(`SELECT ${enqueueFunction}($1::text, $2::timestamptz, $3::text)`, [
      payload,
      discardAfter,
      queue,
    ]);
  };

  /** @returns what waits of a message */
  readonly find = async ({ payload }: QueuedMessage): Promise<QueuedMessage[]> =>
    (await this.subject.queued()).filter((queued) => queued.payload === payload);
}
