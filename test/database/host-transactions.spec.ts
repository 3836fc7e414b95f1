import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { boundedPort } from '../../src/two-factor/postgres/bounded-port.js';
import { Database, DatabaseUnavailableError, type Transaction } from '../../src/two-factor/index.js';
import { Challenge } from '../../src/two-factor/challenge/challenge.entity.js';
import { twoFactorEntities } from '../../src/two-factor/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { randomBytes, randomUUID } from 'node:crypto';

const CONNECTIONS = 2;

let test: TestDatabase;
let dataSource: DataSource;
let database: Database;

beforeAll(async () => {
  test = await createTestDatabase();
  dataSource = await new DataSource({
    type: 'postgres',
    url: test.url,
    entities: [...twoFactorEntities],
    poolSize: CONNECTIONS,
  }).initialize();
  database = new Database(dataSource, { portTimeoutMs: 500, connectionTimeoutMs: 20_000 });
});
afterAll(async () => {
  await dataSource.destroy();
  await test.drop();
});
beforeEach(() => dataSource.getRepository(Challenge).deleteAll());

const challenge = () => ({
  id: randomUUID(),
  tokenHash: randomBytes(32),
  accountId: 'ada',
  expiresAt: new Date(Date.now() + 60_000),
});
const count = () => dataSource.getRepository(Challenge).count();

describe('the entity manager of a transaction', () => {
  it('writes on the connection of the transaction: both are committed, or neither', async () => {
    await database.transaction(
      async ({ manager }) => void (await manager.getRepository(Challenge).insert(challenge())),
    );
    expect(await count()).toBe(1);
    const failing = database.transaction(async ({ manager }) => {
      await manager.getRepository(Challenge).insert(challenge());
      expect(await manager.getRepository(Challenge).count()).toBe(2);
      throw new Error('The host changed its mind');
    });
    await expect(failing).rejects.toThrow('The host changed its mind');
    expect(await count()).toBe(1);
  });

  it('takes no other connection, so that as many transactions as the pool has connections finish', async () => {
    await Promise.all(
      Array.from({ length: 5 * CONNECTIONS }, () =>
        database.transaction(({ manager }) => manager.getRepository(Challenge).insert(challenge())),
      ),
    );
    expect(await count()).toBe(5 * CONNECTIONS);
  });

  it('rolls a transaction of its own back to a savepoint, and leaves the outer one alive', async () => {
    await database.transaction(async ({ manager }) => {
      await manager.getRepository(Challenge).insert(challenge());
      const inner = manager.transaction(async (nested) => {
        await nested.getRepository(Challenge).insert(challenge());
        throw new Error('The inner one fails');
      });
      await expect(inner).rejects.toThrow('The inner one fails');
    });
    expect(await count()).toBe(1);
  });

  it('refuses to be used after the transaction, when its connection serves another request', async () => {
    let kept: EntityManager | undefined;
    await database.transaction(async ({ manager }) => void (kept = manager));
    await expect(kept?.getRepository(Challenge).count()).rejects.toThrow(/released/i);
  });

  it('is the one of the data source outside of a transaction', () => {
    expect(database.manager).toBe(dataSource.manager);
  });
});

describe('a port that takes another connection inside a transaction', () => {
  /** The obvious implementation, and the wrong one. */
  class Accounts {
    readonly kind = 'accounts';

    async find(_id: string, _transaction?: Transaction): Promise<number> {
      return dataSource.getRepository(Challenge).count();
    }
  }

  it('is ended with its name, and the application goes on', async () => {
    const port = boundedPort('AccountDirectory', new Accounts(), database);
    const requests = Array.from({ length: 3 * CONNECTIONS }, () =>
      database.transaction((transaction) => port.find('ada', transaction)),
    );
    const outcomes = await Promise.allSettled(requests);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(reasons.length).toBeGreaterThanOrEqual(CONNECTIONS);
    for (const reason of reasons) {
      expect(reason).toBeInstanceOf(DatabaseUnavailableError);
      expect(String((reason as Error).cause)).toContain('AccountDirectory.find in a transaction');
    }
    expect(await database.query<{ one: number }>('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('has as much time as it wants outside of a transaction', async () => {
    const port = boundedPort('AccountDirectory', new Accounts(), database);
    expect(await port.find('ada')).toBe(0);
    expect(await port.find('ada', database)).toBe(0);
    expect(port.kind).toBe('accounts');
    expect(port).toBeInstanceOf(Accounts);
  });
});
