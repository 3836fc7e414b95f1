import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, type Pool } from 'pg';
import { DataSource } from 'typeorm';
import { Database, statement } from '../../src/two-factor/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

const INSERT = statement<{ readonly id: number }, { readonly text: string | null }>(
  'insert_note',
  'INSERT INTO note (text) VALUES ($text) RETURNING id',
);
const DELETE_ALL = statement('delete_notes', 'DELETE FROM note');
const OF_ALL_TYPES = statement<Record<string, unknown>, Record<string, unknown>>(
  'of_all_types',
  `SELECT $text::text AS text, $number::int AS number, $big::bigint AS big, $flag::boolean AS flag, $time::timestamptz AS time,
          $bytes::bytea AS bytes, $list::text[] AS list, $json::jsonb AS json, $nothing::text AS nothing`,
);
const VALUES = {
  text: `it's "quoted" \\ ünï`,
  number: 42,
  big: 9_007_199_254_740_993n,
  flag: false,
  time: new Date('2026-11-24T12:00:00.123Z'),
  bytes: Buffer.from([0, 1, 255]),
  list: ['a', 'b,"c"', ''],
  json: { a: [1, null] },
  nothing: null,
};

let server: TestDatabase;
let proxy: StatementProxy;
const sources: DataSource[] = [];

async function openDatabase(extra: object = {}): Promise<Database> {
  const source = await new DataSource({ type: 'postgres', url: proxy.url, poolSize: 1, extra }).initialize();
  sources.push(source);
  return new Database(source);
}

let database: Database;
beforeAll(async () => {
  server = await createTestDatabase();
  proxy = await startStatementProxy(server.url);
  database = await openDatabase();
  await database.query('CREATE TABLE note (id int GENERATED ALWAYS AS IDENTITY, text text NOT NULL)');
});
afterAll(async () => {
  for (const source of sources) await source.destroy();
  await proxy.close();
  await server.drop();
});
beforeEach(async () => {
  await database.query(DELETE_ALL);
});

const pool = () => (sources[0] as unknown as { driver: { master: Pool } }).driver.master;
const unreadable = () => {
  throw new RangeError('unreadable');
};
const notes = async () =>
  (await database.query<{ text: string }>('SELECT text FROM note ORDER BY id')).map(({ text }) => text);

describe('a transaction', () => {
  it('sends BEGIN in one message with its first statement', async () => {
    const hold = proxy.hold(/^INSERT/);
    let open: object[] = [];
    const sent = await proxy.statementsOf(async () => {
      const written = database.transaction((transaction) => transaction.query(INSERT, { text: 'one' }));
      await hold.reached;
      open = await transactionsBeside();
      hold.release();
      await written;
    });
    expect(sent.map((text) => text.split(' ', 1)[0])).toEqual(['BEGIN', 'INSERT', 'COMMIT']);
    expect(open).toEqual([]);
    expect(await notes()).toEqual(['one']);
  });

  it('sends nothing when its work asks for nothing', async () => {
    expect(await proxy.statementsOf(() => database.transaction(() => Promise.resolve()))).toEqual([]);
    const failed = database.transaction(() => Promise.reject(new Error('before the first statement')));
    await expect(failed).rejects.toThrow('before the first statement');
  });

  it('runs nothing at all when its BEGIN fails', async () => {
    const fault = proxy.inject({ kind: 'refuse', sqlState: '57014' }, 1);
    const failed = database.transaction(async (transaction) => {
      const both = [transaction.query(INSERT, { text: 'first' }), transaction.query(INSERT, { text: 'beside' })];
      const results = await Promise.allSettled(both);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      await expect(transaction.query(INSERT, { text: 'later' })).rejects.toThrow();
      await transaction.manager.query(`INSERT INTO note (text) VALUES ('by the manager')`);
    });
    await expect(failed).rejects.toMatchObject({ name: 'DatabaseUnavailableError', cause: { code: '57014' } });
    expect(fault.statement).toBe('BEGIN');
    expect(await notes()).toEqual([]);
  });

  it('is rolled back when its first statement fails, even where its work goes on', async () => {
    const failed = database.transaction(async (transaction) => {
      await transaction.query(INSERT, { text: null }).catch(() => undefined);
      await transaction.query(INSERT, { text: 'after' });
    });
    await expect(failed).rejects.toMatchObject({ code: '23502' });
    expect(await notes()).toEqual([]);
    // The statement was prepared by a message that failed: it can be used again.
    await database.query(INSERT, { text: 'again' });
    expect(await notes()).toEqual(['again']);
  });

  it('is open when a repository is the first to use it', async () => {
    const failed = database.transaction(async (transaction) => {
      await transaction.manager.query(`INSERT INTO note (text) VALUES ('by the manager')`);
      await transaction.query(INSERT, { text: 'by the library' });
      throw new Error('changed its mind');
    });
    await expect(failed).rejects.toThrow('changed its mind');
    expect(await notes()).toEqual([]);
  });
});

describe('rows', () => {
  it('are those of the driver, for every type, on the first use of a statement and on later ones', async () => {
    const { text, names } = OF_ALL_TYPES;
    const { rows } = await pool().query<object>(
      text,
      names.map((name) => VALUES[name as keyof typeof VALUES]),
    );
    expect(rows).toHaveLength(1);
    for (let n = 0; n < 3; n++) expect(await database.query(OF_ALL_TYPES, VALUES)).toEqual(rows);
  });

  it('come by clients that take one statement at a time, too', async () => {
    const pipelined = await openDatabase({ pipeline: true });
    await pipelined.transaction(async (transaction) => {
      await transaction.query(INSERT, { text: 'one' });
      await transaction.query(INSERT, { text: 'two' });
    });
    const failed = pipelined.transaction(async (transaction) => {
      await transaction.query(INSERT, { text: 'three' });
      throw new Error('changed its mind');
    });
    await expect(failed).rejects.toThrow('changed its mind');
    expect(await notes()).toEqual(['one', 'two']);
  });

  it('are read anew when a statement of the same name has other columns after a migration', async () => {
    const all = statement<{ readonly text: string }>('all_notes', 'SELECT text FROM note');
    await database.query(INSERT, { text: '7' });
    expect(await database.query(all)).toEqual([{ text: '7' }]);
    await database.query('ALTER TABLE note ALTER COLUMN text TYPE int USING text::int');
    await expect(database.query(all)).rejects.toMatchObject({ code: '0A000' });
    await database.query('ALTER TABLE note ALTER COLUMN text TYPE text USING text::text');
    expect(await database.query(all)).toEqual([{ text: '7' }]);
  });

  it('that cannot be read fail their query, and leave the process and the connection alive', async () => {
    const client = await pool().connect();
    const getTypeParser = client.getTypeParser.bind(client) as (oid: number, format: string) => unknown;
    client.getTypeParser = ((oid: number) => (oid === 20 ? unreadable : getTypeParser(oid, 'text'))) as never;
    client.release();
    await expect(database.query(statement('unreadable', 'SELECT 1::bigint AS one'))).rejects.toThrow('unreadable');
    client.getTypeParser = getTypeParser as never;
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

it('values that cannot be sent fail their query, and nothing is sent', async () => {
  const circular: Record<string, unknown> = {};
  circular['itself'] = circular;
  const sent = await proxy.statementsOf(async () => {
    const failed = database.transaction((transaction) =>
      transaction.query(OF_ALL_TYPES, { ...VALUES, json: circular }),
    );
    await expect(failed).rejects.toThrow(/circular/i);
  });
  expect(sent.filter((text) => text !== 'ROLLBACK')).toEqual([]);
  expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

async function transactionsBeside(): Promise<object[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  const { rows } = await client.query<object>(`SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'
    AND datname = current_database()`);
  await client.end();
  return rows;
}
