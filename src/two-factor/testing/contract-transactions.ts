import assert from 'node:assert/strict';
import { DatabaseUnavailableError } from '../postgres/database-unavailable.js';
import type { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';

/** Long for a statement on the slowest of machines, short for the people who wait for the tests. */
const LIMIT_MS = 5000;

/** Thrown to make a transaction roll back. */
class RollBack extends Error {}

/** Does something in a transaction that is rolled back; tells what it gave. */
export async function rolledBack<T>(database: Database, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  let result: { readonly value: T } | undefined;
  const transaction = database.transaction(async (open) => {
    result = { value: await work(open) };
    throw new RollBack();
  });
  await assert.rejects(transaction, (error) => {
    if (error instanceof RollBack) return true;
    throw error;
  });
  assert.ok(result);
  return result.value;
}

/** One call of a port, by the name of the method. */
export type Step = readonly [method: string, call: (transaction: Transaction) => Promise<unknown>];

/**
 * Calls a port in a transaction that has the only connection of the pool.
 *
 * A port that works on another connection waits for one that never comes. In production that takes as many requests at once
 * as the pool has connections, and then the whole application hangs.
 *
 * @throws {AssertionError} naming the first method that does not end in time
 */
export async function onOneConnection(database: Database, port: string, steps: readonly Step[]): Promise<void> {
  const pool = database['pool'];
  const held = await Promise.all(Array.from({ length: pool.options.max - 1 }, () => pool.connect()));
  const calls: Array<Promise<unknown>> = [];
  try {
    await rolledBack(database, async (transaction) => {
      for (const [method, call] of steps) {
        const calling = call(transaction);
        calls.push(calling);
        await inTime(`${port}.${method}`, calling);
      }
    });
  } finally {
    for (const client of held) client.release();
    // A call that waited for a connection gets one now.
    await Promise.allSettled(calls);
  }
}

async function inTime(method: string, calling: Promise<unknown>): Promise<void> {
  const message =
    `${method} took a second connection inside the transaction that it was given: ` +
    'use `transaction` for every statement, or requests at once wait for each other forever';
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message })), LIMIT_MS);
  });
  try {
    await Promise.race([calling, late]);
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) throw new assert.AssertionError({ message });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
