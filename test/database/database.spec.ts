import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { databaseTimeouts } from '../../src/database/timeouts.js';
import { Database, DatabaseUnavailableError, withDatabaseDeadline } from '../../src/two-factor/index.js';
import { race } from '../support/barrier.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('Database', () => {
  let server: TestDatabase;
  let dataSource: DataSource;
  let database: Database;
  let pool: Pool;
  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await createTestDatabase();
    dataSource = new DataSource(dataSourceOptions(server.url, { poolSize: 2, timeouts: databaseTimeouts(20_000) }));
    await dataSource.initialize();
    pool = (dataSource.driver as unknown as { master: Pool }).master;
    database = new Database(dataSource);
    await database.query('CREATE TABLE notes (text text PRIMARY KEY)');
  });
  afterAll(async () => {
    await dataSource.destroy();
    await server.drop();
  });

  const failWith = (code: string) => database.query(`DO $$ BEGIN RAISE 'on purpose' USING ERRCODE = '${code}'; END $$`);
  const pid = async () => (await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;

  it.each(['40001', '40P01', '55P03', '57014'])(
    'reports %s as an unavailable database, and keeps the connection',
    async (code) => {
      const before = await pid();
      await expect(failWith(code)).rejects.toMatchObject({ name: 'DatabaseUnavailableError', cause: { code } });
      expect(await pid()).toBe(before);
    },
  );

  it.each(['08006', '25006', '25P03', '53300', '57P01', '57P02', '57P03'])(
    'reports %s as an unavailable database, and opens another connection',
    async (code) => {
      const before = await pid();
      await expect(failWith(code)).rejects.toMatchObject({ name: 'DatabaseUnavailableError', cause: { code } });
      expect(await pid()).not.toBe(before);
    },
  );

  it.each(['22P02', '23505', '42P01', '53100', 'P0001', 'XX000'])(
    'passes %s on unchanged, and keeps the connection',
    async (code) => {
      const before = await pid();
      const error: unknown = await failWith(code).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code });
      expect(error).not.toBeInstanceOf(DatabaseUnavailableError);
      expect(await pid()).toBe(before);
    },
  );

  it('throws when COMMIT rolled the transaction back', async () => {
    const kept = database.transaction(async (transaction) => {
      await transaction.query(`INSERT INTO notes VALUES ('lost')`);
      await transaction.query('SELECT * FROM nowhere').catch(() => undefined);
      return 'kept';
    });
    await expect(kept).rejects.toThrow('rolled back');
    expect(await database.query('SELECT * FROM notes')).toEqual([]);
  });

  it('sends no statement after the deadline of the request, in a transaction either', async () => {
    const late = withDatabaseDeadline(50, () =>
      database.transaction(async (transaction) => {
        await transaction.query(`INSERT INTO notes VALUES ('late')`);
        await transaction.query('SELECT pg_sleep(0.1)');
        await transaction.query(`INSERT INTO notes VALUES ('later')`);
      }),
    );
    await expect(late).rejects.toBeInstanceOf(DatabaseUnavailableError);
    expect(await database.query('SELECT * FROM notes')).toEqual([]);
  });

  it('abandons a statement without a response, and closes its connection', async () => {
    const hasty = new Database(dataSource, { answerTimeoutMs: 30 });
    await expect(hasty.query('SELECT pg_sleep(1)')).rejects.toMatchObject({ cause: { name: 'TimeoutError' } });
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(pool.totalCount).toBe(pool.idleCount);
  });

  it('lets a limited number of calls wait for a connection, and refuses the next one at once', async () => {
    // Opens both connections first.
    await race(2, () => database.query('SELECT pg_sleep(0.05)'));
    const busy = new Database(dataSource, { mostWaiting: 3, connectionTimeoutMs: 10_000 });
    const answers = await race(8, () => busy.query('SELECT pg_sleep(0.1)').then(() => 'done', describeRefusal));
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(5);
    expect(answers.filter((answer) => answer === '3 are waiting for a connection already')).toHaveLength(3);
  });

  it('stops waiting for a connection at its time-out, and returns one that arrives later to the pool', async () => {
    const hasty = new Database(dataSource, { connectionTimeoutMs: 30 });
    const busy = race(2, () => database.query('SELECT pg_sleep(0.2)'));
    // Both connections are in use now.
    await setImmediate();
    const refused = hasty.query('SELECT 1 AS one').catch(describeRefusal);
    expect(await refused).toMatch(/^Connection: not within/);
    await busy;
    await database.query('SELECT 1');
    expect({ waiting: pool.waitingCount, used: pool.totalCount - pool.idleCount }).toEqual({ waiting: 0, used: 0 });
  });
});

function describeRefusal(error: unknown): string {
  return error instanceof DatabaseUnavailableError && error.cause instanceof Error
    ? error.cause.message
    : String(error);
}
