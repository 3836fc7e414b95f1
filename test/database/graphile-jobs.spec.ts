import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { runMigrations } from '../../src/database/migrations-runner.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** The parts of graphile-worker 0.16 that the previous release used. */
const GRAPHILE = `
  CREATE SCHEMA graphile_worker;
  CREATE TABLE graphile_worker._private_tasks (id int PRIMARY KEY, identifier text UNIQUE);
  CREATE TABLE graphile_worker._private_jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, task_id int NOT NULL, payload json NOT NULL,
    run_at timestamptz NOT NULL DEFAULT now(), last_error text, created_at timestamptz NOT NULL DEFAULT now(),
    locked_at timestamptz
  );
  INSERT INTO graphile_worker._private_tasks VALUES (1, 'two-factor-mail-code'), (2, 'two-factor-sms-code'),
    (3, 'two-factor-notice'), (4, 'two-factor-message'), (5, 'of-the-host');
  CREATE FUNCTION graphile_worker.add_job(identifier text, payload json) RETURNS void LANGUAGE sql AS $$
    INSERT INTO graphile_worker._private_jobs (task_id, payload)
    SELECT t.id, $2 FROM graphile_worker._private_tasks t WHERE t.identifier = $1 $$`;

/** The library's table of messages, and what comes after it. */
const LATER = [
  'CreateOutboxTable1764000001300',
  'MoveGraphileJobs1764000001400',
  'IndexExpiry1764000001500',
  'IndexSessionEnd1764000001600',
];

/** A message that waits and was never tried. */
const row = (queue: string, payload: string) => ({
  queue,
  payload,
  discard_after: new Date('2030-01-01T00:00:00Z'),
  due: '-infinity',
  last_error: null,
});

describe('an upgrade from the release that queued messages as jobs of graphile-worker', () => {
  let database: TestDatabase;
  let client: Client;

  beforeEach(async () => {
    database = await createTestDatabase({ migrated: false });
    client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(GRAPHILE);
    const options = dataSourceOptions(database.url);
    const migrations = Object.values(options.migrations ?? {}).filter(
      (migration) => typeof migration === 'function' && !LATER.includes(migration.name),
    );
    const before = await new DataSource({ ...options, entities: [], migrations }).initialize();
    await before.runMigrations({ transaction: 'each' });
    await before.destroy();
  });

  afterEach(async () => {
    await client.end();
    await database.drop();
  });

  const query = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows;
  const enqueue = (payload: string, queue: string) =>
    query(`SELECT two_factor_enqueue('${payload}', '2030-01-01T00:00:00Z', '${queue}')`);
  const waiting = () =>
    query(`SELECT queue, payload, discard_after, due_at::text AS due, last_error FROM two_factor_outbox ORDER BY id`);
  it('moves the messages that wait, and leaves jobs of others and messages in progress where they are', async () => {
    await enqueue('a', 'mail-code');
    await enqueue('b', 'sms-code');
    await enqueue('c', 'notice');
    await enqueue('held', 'mail-code');
    await query(`UPDATE graphile_worker._private_jobs SET locked_at = now() WHERE payload->>'payload' = 'held'`);
    await query(
      `UPDATE graphile_worker._private_jobs SET last_error = 'HTTP 503', run_at = '2029-01-01' WHERE payload->>'payload' = 'b'`,
    );
    await query(`SELECT graphile_worker.add_job('of-the-host', '{}')`);
    await query(
      `SELECT graphile_worker.add_job('two-factor-message', '{"payload":"old","discardAfter":"2030-01-01T00:00:00Z"}')`,
    );
    expect(await runMigrations(database.url)).toEqual(LATER);
    expect(await waiting()).toEqual([
      row('mail-code', 'a'),
      { ...row('sms-code', 'b'), due: expect.stringContaining('2029-01-01'), last_error: 'HTTP 503' },
      row('notice', 'c'),
      row('mail-code', 'old'),
    ]);
    expect(
      await query(`SELECT coalesce(payload->>'payload', 'host') AS job FROM graphile_worker._private_jobs`),
    ).toEqual([{ job: 'held' }, { job: 'host' }]);
  });

  it('takes the messages that programs of the previous release queue afterwards', async () => {
    await runMigrations(database.url);
    await enqueue('late', 'notice');
    expect(await waiting()).toEqual([row('notice', 'late')]);
    expect(await query('SELECT FROM graphile_worker._private_jobs')).toEqual([]);
  });

  it('can be reverted, and the messages that wait are jobs again', async () => {
    await runMigrations(database.url);
    await enqueue('a', 'mail-code');
    const dataSource = await new DataSource(dataSourceOptions(database.url)).initialize();
    for (const _ of LATER.slice(1)) await dataSource.undoLastMigration({ transaction: 'each' });
    await dataSource.destroy();
    expect(await waiting()).toEqual([]);
    expect(await query(`SELECT payload->>'payload' AS job FROM graphile_worker._private_jobs`)).toEqual([{ job: 'a' }]);
  });
});

describe('a new database', () => {
  it('has nothing of graphile-worker', async () => {
    const database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(`SELECT to_regnamespace('graphile_worker') AS schema`);
    expect(rows).toEqual([{ schema: null }]);
    await client.end();
    await database.drop();
  });
});
