import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import {
  AccountDirectory,
  AesGcmSealer,
  Database,
  KeyRing,
  Outbox,
  PasswordVerifier,
  SessionGateway,
  UnknownKeyError,
  type Account,
  type FactorPlugin,
  type IssuedSession,
  type SessionGrant,
  type SessionIdentity,
  type SessionRenewal,
  type Transaction,
} from '../../src/two-factor/index.js';
import {
  describeAccountDirectory,
  describeFactor,
  describeKeyRing,
  describeOutbox,
  describePasswordVerifier,
  describeSessionGateway,
  type AccountDirectorySubject,
  type FactorSubject,
  type OutboxSubject,
  type PasswordVerifierSubject,
  type SessionGatewaySubject,
  type TestApi,
} from '../../src/two-factor/testing/index.js';
import { contractFailures } from '../support/contract-failures.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { hardwareKeyFactor } from '../../examples/acme-bank/src/hardware-key/hardware-key.plugin.js';
import { HardwareKeyFactor } from '../../examples/acme-bank/src/hardware-key/hardware-key.factor.js';
import { SEALED_SECRETS } from '../../examples/acme-bank/src/hardware-key/hardware-key.sql.js';
import { responseTo } from '../../examples/acme-bank/src/hardware-key/hardware-key.js';
import { AcmeAccounts } from './company/identity/acme-accounts.js';
import { AcmePasswords } from './company/identity/acme-passwords.js';
import { ACME_DATABASE, Employees } from './company/identity/employees.js';
import { VaultKeyRing } from './company/identity/vault-key-ring.js';
import { Acme } from './support.js';

let acme: Acme;
beforeAll(async () => {
  acme = await Acme.start(new ExpressAdapter());
});
afterAll(() => acme.close());

let hired = 0;
async function hire(): Promise<{ accountId: string; password: string }> {
  const username = `contract${++hired}`;
  const password = `Password of ${username}`;
  return { accountId: String(await acme.get(Employees).hire(username, password)), password };
}

const accounts = async (): Promise<AccountDirectorySubject> => ({
  accounts: acme.get(AcmeAccounts),
  newAccount: async () => (await hire()).accountId,
  missing: '2000000000',
  database: acme.get(Database),
});

const passwords = async (): Promise<PasswordVerifierSubject> => ({
  passwords: acme.get(AcmePasswords),
  newAccount: hire,
  missing: '2000000000',
});

const ring = new VaultKeyRing();

/** What is staged until when, and confirmed when. */
const life = (stagedBy: string | null) => [
  stagedBy,
  stagedBy && new Date(Date.now() + 900_000),
  stagedBy ? null : new Date(),
];

async function hardwareKey(more: Partial<FactorPlugin> = {}): Promise<FactorSubject<string>> {
  const secrets = new Map<string, Buffer>();
  return {
    plugin: { ...hardwareKeyFactor, ...more },
    factor: acme.get(HardwareKeyFactor),
    database: acme.get(Database),
    async enrol(accountId, stagedBy) {
      const [id, secret] = [randomUUID(), randomBytes(32)];
      secrets.set(accountId, secret);
      const sealed = acme.get(AesGcmSealer).seal(secret, SEALED_SECRETS.record(accountId, id));
      await acme.query(
        `INSERT INTO bank_hardware_key (staged_by, staged_until, confirmed_at, id, account_id, secret, kid, label)
         VALUES ($1, $2, $3, $4, $5, $6, split_part($6, '.', 1), 'Blue')`,
        [...life(stagedBy), id, accountId, sealed],
      );
    },
    async attempt({ accountId, sessionId, challengeId }) {
      const nonce = randomBytes(32);
      const boundTo = challengeId === null ? `session:${sessionId}` : `challenge:${challengeId}`;
      await acme.query(
        `INSERT INTO bank_hardware_key_nonce (bound_to, account_id, nonce, expires_at)
         VALUES ($1, $2, $3, now() + interval '5 minutes')`,
        [boundTo, accountId, nonce],
      );
      return responseTo(nonce, secrets.get(accountId) ?? Buffer.alloc(32));
    },
    wrong: 'no response',
  };
}

describeAccountDirectory('AcmeAccounts keeps the contract of accounts', accounts);
describePasswordVerifier('AcmePasswords keeps the contract of passwords', passwords);
describeKeyRing('VaultKeyRing keeps the contract of key rings', async () => ({ ring, again: () => ring }));
describeFactor('the hardware key keeps the contract of factors', hardwareKey);

const accountsOf = (directory: AccountDirectory) => (api: TestApi) =>
  describeAccountDirectory('', async () => ({ ...(await accounts()), accounts: directory }), api);

const sessionsOf = (gateway: SessionGateway) => (api: TestApi) =>
  describeSessionGateway(
    '',
    async (): Promise<SessionGatewaySubject> => ({
      gateway,
      newAccount: async () => (await hire()).accountId,
      database: acme.get(Database),
    }),
    api,
  );

const passwordsOf = (verify: PasswordVerifier['verify']) => (api: TestApi) =>
  describePasswordVerifier('', async () => ({ ...(await passwords()), passwords: { verify } }), api);

const right = (accountId: string, password: string) => acme.get(AcmePasswords).verify(accountId, password);

const factorOf = (more: Partial<FactorPlugin>) => (api: TestApi) => describeFactor('', () => hardwareKey(more), api);

/** @returns the tests of a suite that fail */
async function failuresOf(suite: (api: TestApi) => void): Promise<string[]> {
  return (await contractFailures(suite)).failures.map(({ test }) => test);
}

/** @returns what the failures of a suite say */
async function messagesOf(suite: (api: TestApi) => void): Promise<string> {
  return (await contractFailures(suite)).failures.map(({ error }) => String(error)).join('\n');
}

describe('the contract of accounts finds out a directory that', () => {
  class Wrapping extends AccountDirectory {
    override async find(accountId: string, transaction?: Transaction): Promise<Account | null> {
      return acme.get(AcmeAccounts).find(accountId, transaction);
    }

    override async recordTwoFactor(accountId: string, enabled: boolean, transaction: Transaction) {
      return acme.get(AcmeAccounts).recordTwoFactor(accountId, enabled, transaction);
    }
  }

  /** `repository.findOneBy(…)` of TypeORM takes another connection, as this does. */
  class Repository extends Wrapping {
    override async find(accountId: string): Promise<Account | null> {
      return acme.get(AcmeAccounts).find(accountId);
    }
  }

  class Writing extends Wrapping {
    override async recordTwoFactor(accountId: string, enabled: boolean) {
      return acme.get(AcmeAccounts).recordTwoFactor(accountId, enabled, acme.get(Database));
    }
  }

  class Stale extends Wrapping {
    override async recordTwoFactor(accountId: string, enabled: boolean, transaction: Transaction) {
      const before = await this.find(accountId, transaction);
      await super.recordTwoFactor(accountId, enabled, transaction);
      return before;
    }
  }

  class Inventing extends Wrapping {
    override async find(accountId: string, transaction?: Transaction): Promise<Account | null> {
      const found = await super.find(accountId, transaction);
      const nameless = {
        id: accountId,
        email: '',
        emailVerified: false,
        name: '',
        image: null,
        twoFactorEnabled: false,
      };
      const user = { ...nameless, createdAt: new Date(), updatedAt: new Date() };
      return found ?? { id: accountId, label: '', email: '', user };
    }
  }

  it.each([
    [
      'reads outside of the transaction',
      Repository,
      'a transaction sees what it wrote, and leaves nothing behind when it is rolled back',
    ],
    ['takes a second connection to read', Repository, 'a transaction needs no second connection: see `Transaction`'],
    [
      'writes outside of the transaction',
      Writing,
      'a transaction sees what it wrote, and leaves nothing behind when it is rolled back',
    ],
    ['tells the state from before', Stale, 'recordTwoFactor shows that two-factor is on, and off again'],
    ['invents accounts', Inventing, 'find is null for an account that does not exist'],
  ])('%s', async (_, Directory, test) => {
    expect(await failuresOf(accountsOf(new Directory()))).toContain(test);
  });

  it('takes a second connection, and says what to do instead', async () => {
    expect(await messagesOf(accountsOf(new Repository()))).toMatch(
      /AccountDirectory\.find took a second connection.*use `transaction` for every statement/,
    );
  });
});

describe('the contract of sessions finds out a gateway that', () => {
  /** Sessions in a table of the library's database, of which only what the test needs works. */
  class TableSessions extends SessionGateway {
    override readonly transactional = true;

    constructor(private readonly pick: (transaction?: Transaction) => Transaction) {
      super();
    }

    override async identify(): Promise<SessionIdentity> {
      return { sessionId: randomUUID(), accountId: '1', secondFactorAt: null, trustedDeviceId: null };
    }

    override async issue({ accountId }: SessionGrant, transaction?: Transaction): Promise<IssuedSession> {
      await this.pick(transaction).query('SELECT 1');
      const account = await acme.get(AcmeAccounts).find(accountId, this.pick(transaction));
      if (!account) throw new Error('There is no such employee');
      const session = { token: '', userId: accountId, createdAt: new Date(), expiresAt: new Date() };
      return { token: '', sessionId: '', session, user: account.user, headers: [] };
    }

    override async renew(_: SessionRenewal, transaction?: Transaction): Promise<null> {
      await this.pick(transaction).query('SELECT 1');
      return null;
    }

    override async holds(_: SessionIdentity, transaction?: Transaction): Promise<boolean> {
      await this.pick(transaction).query('SELECT 1');
      return true;
    }

    override async end(_: SessionIdentity, transaction?: Transaction): Promise<void> {
      await this.pick(transaction).query('SELECT 1');
    }

    override async endAll(_: string, transaction?: Transaction): Promise<void> {
      await this.pick(transaction).query('SELECT 1');
    }

    override async endDevice(_: string, _device: string, transaction?: Transaction): Promise<void> {
      await this.pick(transaction).query('SELECT 1');
    }
  }

  const POOL = 'a pool with one connection left is enough inside a transaction, where the gateway is transactional';

  it('uses repositories inside the transaction, within seconds and by name', async () => {
    const host = acme.get<DataSource>(getDataSourceToken(ACME_DATABASE) as Type<DataSource>);
    const asTransaction = {
      query: (text: string, values?: unknown[]) => host.query(text, values),
    } as unknown as Transaction;
    const { failures } = await contractFailures(sessionsOf(new TableSessions(() => asTransaction)));
    const failure = failures.find(({ test }) => test === POOL);
    expect(String(failure?.error)).toContain('SessionGateway.issue took a second connection');
  });

  it('but not one that uses the transaction', async () => {
    const gateway = new TableSessions((transaction) => transaction ?? acme.get(Database));
    expect(await failuresOf(sessionsOf(gateway))).not.toContain(POOL);
  });
});

describe('the contract of passwords finds out a verifier that', () => {
  it.each<readonly [string, PasswordVerifier['verify'], string]>([
    ['takes any password', async () => true, 'is false for the password of another account'],
    ['takes none', async () => false, 'is true for the password of the account, every time'],
    [
      'trims what was typed',
      (accountId, password) => right(accountId, password.trim()),
      'is false for every other password, and true for the right one afterwards',
    ],
    [
      'throws for an account that does not exist',
      async (accountId, password) => {
        if (!(await acme.get(Employees).find(Number(accountId)))) throw new Error('There is no such employee');
        return right(accountId, password);
      },
      'is false for an account that does not exist',
    ],
    [
      'hands the text to the database',
      async (accountId, password) => {
        await acme.query('SELECT $1::text', [password]);
        return right(accountId, password);
      },
      'is false, and does not throw, for a NUL character',
    ],
  ])('%s', async (_, verify, test) => {
    expect(await failuresOf(passwordsOf(verify))).toContain(test);
  });
});

describe('the contract of key rings finds out a ring that', () => {
  const MASTER = randomBytes(32);
  const hash = (...parts: string[]) => createHash('sha256').update(MASTER).update(parts.join('\n')).digest();

  class Ring extends KeyRing {
    override readonly current: string = 'k2';
    override readonly kids: readonly string[] = ['k2', 'k1'];

    override derive(kid: string, purpose: string): Buffer {
      if (!this.kids.includes(kid)) throw new UnknownKeyError(kid);
      return hash(kid, purpose);
    }
  }
  class OneForAll extends Ring {
    override derive(kid: string): Buffer {
      return super.derive(kid, '');
    }
  }
  class Short extends Ring {
    override derive(kid: string, purpose: string): Buffer {
      return super.derive(kid, purpose).subarray(0, 16);
    }
  }
  class Zero extends Ring {
    override derive(): Buffer {
      return Buffer.alloc(32);
    }
  }
  class Generous extends Ring {
    override derive(kid: string, purpose: string): Buffer {
      return hash(kid, purpose);
    }
  }
  class Fickle extends Ring {
    private readonly salt = randomUUID();

    override derive(kid: string, purpose: string): Buffer {
      super.derive(kid, purpose);
      return hash(this.salt, kid, purpose);
    }
  }
  class Unordered extends Ring {
    override readonly current = 'k1';
  }

  const suite = (Kind: typeof Ring) => (api: TestApi) =>
    describeKeyRing('', async () => ({ ring: new Kind(), again: () => new Kind() }), api);

  it.each([
    ['has one key for all purposes', OneForAll, 'derives another key for each purpose and each name'],
    ['derives half a key', Short, 'derives 32 bytes, and no key that can be guessed'],
    ['derives zeros', Zero, 'derives 32 bytes, and no key that can be guessed'],
    ['derives keys for names that it lacks', Generous, 'throws UnknownKeyError for a name that it does not have'],
    ['derives other keys after a restart', Fickle, 'derives the same keys every time, and after a restart'],
    ['does not name the current key first', Unordered, 'names its keys, each once, and the current one first'],
  ])('%s', async (_, Kind, test) => {
    expect(await failuresOf(suite(Kind))).toContain(test);
  });

  it('but not one that keeps it', async () => {
    expect(await failuresOf(suite(Ring))).toEqual([]);
  });
});

describe('the contract of outboxes', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createTestDatabase({ migrated: false });
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    await dataSource.query(`CREATE TABLE outbox (payload text, discard_after timestamptz, queue text)`);
    for (const [name, payload, discardAfter, queue] of [
      ['good', 'payload', 'discard_after', 'queue'],
      ['chopping', 'left(payload, 1000)', 'discard_after', 'queue'],
      ['mixing', 'payload', 'discard_after', `'notice'`],
      ['hurried', 'payload', 'now()', 'queue'],
    ]) {
      await dataSource.query(
        `CREATE FUNCTION ${name}(payload text, discard_after timestamptz, queue text) RETURNS void LANGUAGE sql
         AS $$ INSERT INTO outbox VALUES (${payload}, ${discardAfter}, ${queue}) $$`,
      );
    }
    await dataSource.query(
      `CREATE FUNCTION doubling(payload text, discard_after timestamptz, queue text) RETURNS void LANGUAGE sql
       AS $$ INSERT INTO outbox SELECT payload, discard_after, queue FROM generate_series(1, 2) $$`,
    );
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  class TableOutbox extends Outbox {
    constructor(override readonly enqueueFunction: string) {
      super();
    }
  }
  const suite = (name: string) => (api: TestApi) =>
    describeOutbox(
      '',
      async (): Promise<OutboxSubject> => ({
        outbox: new TableOutbox(name),
        database: new Database(dataSource),
        queued: () => dataSource.query(`SELECT payload, discard_after AS "discardAfter", queue FROM outbox`),
      }),
      api,
    );

  it('is kept by a table', async () => {
    expect(await failuresOf(suite('good'))).toEqual([]);
  });

  it.each([
    ['chopping', 'keeps payloads of many kilobytes and of any text'],
    ['mixing', 'keeps every message as it is: payload, time and queue'],
    ['hurried', 'keeps every message as it is: payload, time and queue'],
    ['doubling', 'keeps every message as it is: payload, time and queue'],
    ['missing', 'names a function that Postgres can call'],
    ['good(text); DROP TABLE outbox; --', 'names a function that Postgres can call'],
  ])('finds out the function "%s"', async (name, test) => {
    expect(await failuresOf(suite(name))).toContain(test);
  });
});

describe('the contract of factors finds out a plug-in that', () => {
  const { candidates, spend } = hardwareKeyFactor;
  const STAGED_BY = '(k.staged_by = who.session_id AND k.staged_until > now())';

  it.each<readonly [string, Partial<FactorPlugin>, string]>([
    [
      'shows a staged row to everyone',
      { candidates: candidates.replace(STAGED_BY, 'true') },
      'what is staged is seen neither by another session nor by a challenge',
    ],
    [
      'hides a staged row from the session that staged it',
      { candidates: candidates.replace(STAGED_BY, 'false') },
      'what is staged is confirmed by a right attempt on the session that staged it, once',
    ],
    [
      'uses nothing up',
      {
        spend:
          'used AS (SELECT account_id FROM cleared WHERE $boundTo IS NOT NULL AND $nonce::bytea IS NOT NULL AND $keyId::uuid IS NOT NULL)',
      },
      'what is confirmed is spent once, of requests at once and ever after',
    ],
    [
      'spends what belongs to another account',
      {
        spend: spend
          .replace('AND n.account_id = cleared.account_id', '')
          .replace('AND k.account_id = bank_spent_nonce.account_id', ''),
      },
      'what is confirmed is not spent for another account',
    ],
    [
      'tells the status of what is not there',
      { facts: () => 'to_jsonb(1)' },
      'what is confirmed is gone when two-factor is turned off',
    ],
    [
      'has SQL that is none',
      { candidates: candidates.replace('bank_hardware_key_nonce', 'bank_hardware_key_nonces') },
      'has one name, and its SQL fits the statement that takes a guess',
    ],
  ])('%s', async (_, more, test) => {
    expect(await failuresOf(factorOf(more))).toContain(test);
  });
});
