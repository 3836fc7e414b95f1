import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { TwoFactorModule, twoFactorMigrations, type TwoFactorModuleOptions } from '../../src/two-factor/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { AcmeAccounts } from './company/identity/acme-accounts.js';
import { AcmePasswords } from './company/identity/acme-passwords.js';
import { AcmeSessions } from './company/identity/acme-sessions.js';
import { Employees } from './company/identity/employees.js';

const OPTIONS: TwoFactorModuleOptions = {
  issuer: 'Acme',
  trustedOrigins: ['https://acme.example'],
  keys: [{ kid: 'k1', secret: randomBytes(32) }],
};
const PORTS = { accounts: AcmeAccounts, sessions: AcmeSessions, passwords: AcmePasswords };

/** A class that is no AccountDirectory, as a host may name by mistake. */
@Injectable()
class Ledger {
  find(): Promise<null> {
    return Promise.resolve(null);
  }
}

@Module({
  providers: [{ provide: Employees, useValue: {} }, AcmeAccounts, AcmeSessions, AcmePasswords, Ledger],
  exports: [AcmeAccounts, AcmeSessions, AcmePasswords, Ledger],
})
class IdentityModule {}

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ migrated: false });
});
afterAll(() => database.drop());

async function start(imports: Array<DynamicModule | Type>, { name }: { name?: string } = {}): Promise<void> {
  const typeOrm = TypeOrmModule.forRoot({
    type: 'postgres',
    url: database.url,
    ...(name !== undefined && { name }),
    toRetry: () => false,
  });
  const module = await Test.createTestingModule({ imports: [typeOrm, ...imports] })
    .setLogger(new ConsoleLogger({ logLevels: [] }))
    .compile();
  try {
    await module.init();
  } finally {
    await module.close();
  }
}

const withOptions = (options: unknown, structure: object = {}): DynamicModule =>
  TwoFactorModule.forRootAsync({
    imports: [IdentityModule],
    useFactory: () => options as TwoFactorModuleOptions,
    ...PORTS,
    ...structure,
  });

/** Comes first: after it the tables are there. */
describe('a start on a database without the tables', () => {
  it('stops and names the migrations', async () => {
    await expect(start([withOptions(OPTIONS)])).rejects.toThrow(
      'The tables of TwoFactorModule are missing: add `twoFactorMigrations`',
    );
  });
});

describe('a start with a mistake of the host stops and names the remedy', () => {
  beforeAll(async () => {
    const migrations = [...twoFactorMigrations];
    const dataSource = await new DataSource({ type: 'postgres', url: database.url, migrations }).initialize();
    await dataSource.runMigrations();
    await dataSource.destroy();
  });

  it.each<readonly [mistake: string, imports: () => Array<DynamicModule | Type>, message: string]>([
    ['the module is imported without forRoot', () => [TwoFactorModule], 'import TwoFactorModule.forRoot({ … })'],
    [
      'the factory returns nothing',
      () => [withOptions(undefined)],
      'The `useFactory` of TwoFactorModule returned no options',
    ],
    ['an option is misspelt', () => [withOptions({ ...OPTIONS, chalenge: {} })], 'no option "chalenge"'],
    [
      'an option of a group is misspelt',
      () => [withOptions({ ...OPTIONS, session: { strongfor: 60 } })],
      'no option "session.strongfor"; it has session.strongFor',
    ],
    [
      'there are no trusted origins',
      () => [withOptions({ ...OPTIONS, trustedOrigins: undefined })],
      'trustedOrigins must be a list of origins',
    ],
    [
      'a port is a class of another kind',
      () => [withOptions(OPTIONS, { accounts: Ledger })],
      '`accounts` of TwoFactorModule is no AccountDirectory: Ledger lacks recordTwoFactor()',
    ],
    [
      'a route that is left out does not exist',
      () => [withOptions(OPTIONS, { routes: { except: ['verify-topt'] } })],
      'TwoFactorModule has no route "verify-topt"',
    ],
    [
      'the module is imported twice',
      () => [withOptions(OPTIONS), withOptions({ ...OPTIONS, issuer: 'Other' })],
      'TwoFactorModule is imported twice',
    ],
  ])('when %s', async (_, imports, message) => {
    await expect((async () => start(imports()))()).rejects.toThrow(message);
  });

  it('when the data source has a name that the module was not told', async () => {
    await expect(start([withOptions(OPTIONS)], { name: 'bank' })).rejects.toThrow(
      'TwoFactorModule finds no default TypeORM data source: name yours, as in `dataSource: "bank"`',
    );
  });
});

/** Never called: the compiler is the test. */
export function theCompilerKnowsThePorts(): void {
  const factory = { imports: [IdentityModule], useFactory: () => OPTIONS };
  // @ts-expect-error -- a port is missing
  TwoFactorModule.forRootAsync({ ...factory, accounts: AcmeAccounts, sessions: AcmeSessions });
  // @ts-expect-error -- a class of another kind stands for a port
  TwoFactorModule.forRootAsync({ ...factory, ...PORTS, accounts: Ledger });
  // @ts-expect-error -- a name of the structure is misspelt
  TwoFactorModule.forRootAsync({ ...factory, ...PORTS, datasource: 'bank' });
  // @ts-expect-error -- an option is misspelt
  TwoFactorModule.forRoot({ ...OPTIONS, ...PORTS, chalenge: {} });
}
