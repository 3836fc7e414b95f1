import { describe, expect, it } from '@jest/globals';
import type { Database } from './database.js';
import { after, bind, statement, type Statement } from './statement.js';

const FIND = statement<{ readonly id: string }, { readonly account: string; readonly limit: number }>(
  'find',
  `SELECT id FROM thing
   WHERE account = $account AND owner = $account
   LIMIT $limit`,
);
const COUNT = statement<{ readonly things: number }>('count', 'SELECT count(*)::integer AS things FROM thing');

describe('a statement', () => {
  it('numbers its named values in the order of their first use, and collapses its white space', () => {
    expect(FIND.text).toBe('SELECT id FROM thing WHERE account = $1 AND owner = $1 LIMIT $2');
    expect(bind(FIND, { limit: 3, account: 'a' })).toEqual(['a', 3]);
  });

  it('carries a hash of its text in its name, so that two texts never share a name', () => {
    expect(FIND.name).toMatch(/^find\.[0-9a-f]{10}$/);
    expect(statement('find', 'SELECT 1').name).not.toBe(statement('find', 'SELECT 2').name);
    expect(statement('find', 'SELECT\n  1').name).toBe(statement('find', 'SELECT 1').name);
  });

  it('refuses a name that Postgres would truncate', () => {
    expect(() => statement('x'.repeat(52), 'SELECT 1')).not.toThrow();
    expect(() => statement('x'.repeat(53), 'SELECT 1')).toThrow(RangeError);
  });

  it('refuses to run when one of its values is missing, and accepts null as a value', () => {
    expect(() => bind(FIND, { account: 'a' })).toThrow(
      new TypeError(`Statement ${FIND.name} lacks a value for "limit"`),
    );
    expect(() => bind(FIND, { account: 'a', limit: undefined })).toThrow(TypeError);
    expect(bind(FIND, { account: null, limit: 0 })).toEqual([null, 0]);
  });
});

describe('a condition that orders two parts of one statement', () => {
  it('reads all of the first part, and is true where that has no row', () => {
    expect(after('dropped')).toBe('(SELECT count(*) FROM dropped) >= 0');
  });
});

/**
 * Never called: the compiler is the test. When it accepts a line in spite of its `@ts-expect-error`, the build fails.
 */
export async function theCompilerKnowsRowsAndValues(database: Database): Promise<void> {
  const [found] = await database.query(FIND, { account: 'a', limit: 1 });
  found?.id.trim();
  const [counted] = await database.query(COUNT);
  counted?.things.toFixed();
  // @ts-expect-error -- a value is missing
  await database.query(FIND, { account: 'a' });
  // @ts-expect-error -- two values are swapped
  await database.query(FIND, { account: 1, limit: 'a' });
  // @ts-expect-error -- a value has no place in the text
  await database.query(FIND, { account: 'a', limit: 1, offset: 2 });
  // @ts-expect-error -- values are given by name
  await database.query(FIND, ['a', 1]);
  // @ts-expect-error -- all values are missing
  await database.query(FIND);
  // @ts-expect-error -- the row has no such column
  found?.name.trim();
  // @ts-expect-error -- a statement with values does not pass for one without
  const without: Statement<{ readonly id: string }> = FIND;
  void without;
}
