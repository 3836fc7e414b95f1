import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Module, type DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { SystemClock, TwoFactorModule, twoFactorEntities, twoFactorMigrations } from '../../src/two-factor/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { AcmeAccounts } from './company/identity/acme-accounts.js';
import { AcmePasswords } from './company/identity/acme-passwords.js';
import { AcmeSessions } from './company/identity/acme-sessions.js';
import { Employees } from './company/identity/employees.js';

const KEYS = ['new', 'old'].map((kid) => ({ kid, secret: randomBytes(32) }));
const OPTIONS = { issuer: 'Acme', trustedOrigins: ['https://acme.example'], keys: KEYS };
const PORTS = { accounts: AcmeAccounts, sessions: AcmeSessions, passwords: AcmePasswords };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ migrated: false });
});
afterAll(() => database.drop());

const dataSourceOptions = (url: string): DataSourceOptions => ({
  type: 'postgres',
  url,
  entities: [...twoFactorEntities],
  migrations: [...twoFactorMigrations],
  migrationsRun: true,
});

/** A logger without output: the tests check the errors that a start throws. */
const SILENCE = new ConsoleLogger({ logLevels: [] });

/** The start needs no employees. */
@Module({
  providers: [{ provide: Employees, useValue: {} }, AcmeAccounts, AcmeSessions, AcmePasswords],
  exports: [AcmeAccounts, AcmeSessions, AcmePasswords],
})
class IdentityModule {}

@Module({})
class NothingModule {}

async function start(twoFactor: () => DynamicModule): Promise<void> {
  const typeOrm = TypeOrmModule.forRoot({ ...dataSourceOptions(database.url), toRetry: () => false });
  const module = await Test.createTestingModule({ imports: [typeOrm, twoFactor()] })
    .setLogger(SILENCE)
    .compile();
  try {
    await module.init();
  } finally {
    await module.close();
  }
}

const withOptions =
  (more: object, identity = IdentityModule, dataSource?: string) =>
  (): DynamicModule =>
    TwoFactorModule.forRootAsync({
      imports: [identity],
      useFactory: () => ({ ...OPTIONS, ...more }),
      ...PORTS,
      ...(dataSource && { dataSource }),
    });

describe('the start of a host', () => {
  it('succeeds with three ports and a key ring', async () => {
    await expect(start(withOptions({}))).resolves.toBeUndefined();
  });

  it.each([
    ['accounts', 'AccountDirectory'],
    ['sessions', 'SessionGateway'],
    ['passwords', 'PasswordVerifier'],
  ])('fails without %s and names the port and the option', async (option, port) => {
    const ports = { ...PORTS, [option]: undefined };
    for (const make of [
      () => TwoFactorModule.forRoot({ ...OPTIONS, ...ports }),
      () =>
        TwoFactorModule.forRootAsync({
          imports: [IdentityModule],
          useFactory: () => OPTIONS,
          ...ports,
        }),
    ]) {
      await expect(start(make)).rejects.toThrow(port);
      await expect(start(make)).rejects.toThrow(`\`${option}\``);
    }
  });

  it('fails when no imported module exports the class of a port, and names that class', async () => {
    await expect(start(withOptions({}, NothingModule))).rejects.toThrow('AcmeAccounts');
  });

  it('fails without keys when the host provides no key ring', async () => {
    await expect(start(withOptions({ keys: [] }))).rejects.toThrow('A key ring needs at least one key');
  });

  it.each([
    ['issuer', { issuer: 'Acme: the company' }],
    ['trustedOrigins', { trustedOrigins: ['acme.example'] }],
    ['totp.window', { totp: { window: 3 } }],
  ])('fails with an invalid %s and names it', async (name, options) => {
    await expect(start(withOptions(options))).rejects.toThrow(name);
  });

  it('fails with a data source that does not exist and names it', async () => {
    const make = withOptions({}, IdentityModule, 'archive');
    await expect(start(make)).rejects.toThrow('TwoFactorModule finds no TypeORM data source named "archive"');
  });

  it('fails when a key that sealed rows is missing or was changed, and names it', async () => {
    const [fresh, old] = KEYS;
    await start(withOptions({ keys: [old, fresh] }));
    await expect(start(withOptions({ keys: [fresh] }))).rejects.toThrow('lacks key "old"');
    const exchanged = { kid: 'old', secret: randomBytes(32) };
    await expect(start(withOptions({ keys: [fresh, exchanged] }))).rejects.toThrow('Key "old"');
    await expect(start(withOptions({ keys: [fresh, old] }))).resolves.toBeUndefined();
  });

  it('uses a clock of the host, and names it when no module exports it', async () => {
    class AtomicClock extends SystemClock {}
    const options = { imports: [IdentityModule], useFactory: () => OPTIONS, ...PORTS, clock: AtomicClock };
    await expect(start(() => TwoFactorModule.forRootAsync(options))).rejects.toThrow('AtomicClock');
  });
});

describe("the library's migrations", () => {
  it('run alone, create the tables of its entities, and revert without a trace', async () => {
    const alone = await createTestDatabase({ migrated: false });
    const dataSource = await new DataSource(dataSourceOptions(alone.url)).initialize();
    try {
      const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
      expect(upQueries.map(({ query }) => query)).toEqual([]);
      const tables = () =>
        dataSource.query(
          `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'two_factor%'`,
        );
      expect(await tables()).toHaveLength(twoFactorEntities.length);
      for (const _ of twoFactorMigrations) await dataSource.undoLastMigration();
      expect(await tables()).toEqual([]);
    } finally {
      await dataSource.destroy();
      await alone.drop();
    }
  });
});
