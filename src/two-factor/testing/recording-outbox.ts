import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { MessageDelivery } from '../messages/message-delivery.js';
import { Outbox } from '../ports/outbox.js';
import type { Transaction } from '../postgres/transaction.js';
import type { QueuedMessage } from './outbox.contract.js';

const TABLE = 'recorded_message';
const FUNCTION = 'record_message';

/** Makes the table and the function of `RecordingOutbox`. */
class CreateRecordingOutbox1799999999999 implements MigrationInterface {
  readonly name = 'CreateRecordingOutbox1799999999999';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE ${TABLE} (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        payload text NOT NULL,
        discard_after timestamptz NOT NULL,
        queue text NOT NULL
      )`);
    await runner.query(`
      CREATE FUNCTION ${FUNCTION}(payload text, discard_after timestamptz, queue text) RETURNS void
      LANGUAGE sql AS $$ INSERT INTO ${TABLE} (payload, discard_after, queue) VALUES ($1, $2, $3) $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION ${FUNCTION}(text, timestamptz, text)`);
    await runner.query(`DROP TABLE ${TABLE}`);
  }
}

/**
 * An outbox in a table of the test's database, which delivers when the test says so. The outbox is SQL, so a test with
 * messages has a database; `TwoFactorTestingModule` is for tests without one.
 *
 * @example
 * ```ts
 * new DataSource({ …, migrations: [...twoFactorMigrations, ...RecordingOutbox.migrations] });
 * // … the test asks for a code
 * await outbox.deliver(app.get(Database), app.get(MessageDelivery));
 * const code = mail.codeTo('ada@acme.example'); // a RecordingMailSender
 * ```
 */
export class RecordingOutbox extends Outbox {
  /** For the data source of the test. */
  static readonly migrations = [CreateRecordingOutbox1799999999999];

  override readonly enqueueFunction = FUNCTION;

  /** Reads what waits, in order, as it was queued: payloads are sealed. */
  async queued(database: Transaction): Promise<QueuedMessage[]> {
    return database.query<QueuedMessage>(
      `SELECT payload, discard_after AS "discardAfter", queue FROM ${TABLE} ORDER BY id`,
    );
  }

  /**
   * Hands all that waits to the library, in order, and so to the senders. What fails is dropped, too.
   *
   * @returns how many messages there were
   * @throws what the first message that fails throws
   */
  async deliver(database: Transaction, delivery: Pick<MessageDelivery, 'deliver'>): Promise<number> {
    const taken = await database.query<{ readonly id: string; readonly payload: string }>(
      `DELETE FROM ${TABLE} RETURNING id, payload`,
    );
    const { signal } = new AbortController();
    for (const { payload } of taken.toSorted((a, b) => Number(a.id) - Number(b.id))) {
      await delivery.deliver(payload, signal);
    }
    return taken.length;
  }
}
