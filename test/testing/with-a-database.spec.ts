import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module, type INestApplication, type ValueProvider } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DefaultMessageTemplates } from '../../src/delivery/index.js';
import {
  Database,
  MessageDelivery,
  TwoFactorModule,
  twoFactorEntities,
  twoFactorMigrations,
} from '../../src/two-factor/index.js';
import {
  describeOutbox,
  FakeKeyRing,
  RecordingMailSender,
  RecordingOutbox,
  RecordingSecurityEvents,
} from '../../src/two-factor/testing/index.js';
import { AcmeAccounts } from '../acme/company/identity/acme-accounts.js';
import { AcmeIdentityModule } from '../acme/company/identity/acme-identity.module.js';
import { AcmePasswords } from '../acme/company/identity/acme-passwords.js';
import { AcmeSessions } from '../acme/company/identity/acme-sessions.js';
import { CreateEmployees1500000000000 } from '../acme/company/identity/create-employees.js';
import { ACME_DATABASE, Employees } from '../acme/company/identity/employees.js';
import { LoginController } from '../acme/company/login.controller.js';
import { Caller, PASSWORD } from '../support/client.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const mail = new RecordingMailSender();
const outbox = new RecordingOutbox();
const events = new RecordingSecurityEvents();

const FAKES: ValueProvider[] = [
  { provide: RecordingMailSender, useValue: mail },
  { provide: RecordingOutbox, useValue: outbox },
  { provide: RecordingSecurityEvents, useValue: events },
  { provide: FakeKeyRing, useValue: new FakeKeyRing() },
  { provide: DefaultMessageTemplates, useValue: new DefaultMessageTemplates() },
];

/** In the place of DeliveryModule. */
@Module({ providers: FAKES, exports: FAKES.map(({ provide }) => provide) })
class FakesModule {}

let test: TestDatabase;
let app: INestApplication<Server>;
let caller: Caller;

beforeAll(async () => {
  test = await createTestDatabase({ migrated: false });
  const people = AcmeIdentityModule.forRoot({ databaseUrl: test.url, origin: 'http://acme', sessions: AcmeSessions });
  const module = await Test.createTestingModule({
    imports: [
      TypeOrmModule.forRoot({
        name: ACME_DATABASE,
        type: 'postgres',
        url: test.url,
        entities: [...twoFactorEntities],
        migrations: [CreateEmployees1500000000000, ...twoFactorMigrations, ...RecordingOutbox.migrations],
        migrationsRun: true,
      }),
      people,
      TwoFactorModule.forRootAsync({
        imports: [people, FakesModule],
        useFactory: () => ({ issuer: 'Acme', trustedOrigins: ['http://acme'] }),
        accounts: AcmeAccounts,
        sessions: AcmeSessions,
        passwords: AcmePasswords,
        mail: RecordingMailSender,
        outbox: RecordingOutbox,
        templates: DefaultMessageTemplates,
        events: RecordingSecurityEvents,
        keyRing: FakeKeyRing,
        dataSource: ACME_DATABASE,
      }),
    ],
    controllers: [LoginController],
  }).compile();
  app = module.createNestApplication<INestApplication<Server>>(new ExpressAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  caller = new Caller({ url: await app.getUrl() });
});
afterAll(async () => {
  await app.close();
  await test.drop();
});

const deliver = () => outbox.deliver(app.get(Database), app.get(MessageDelivery));

/** Makes an employee and signs them in. */
async function session(username: string): Promise<{ accountId: string; token: string }> {
  const accountId = String(await app.get(Employees, { strict: false }).hire(username, PASSWORD));
  const { body } = await caller.post<{ session: string }>('/login', { username, password: PASSWORD });
  return { accountId, token: body.session };
}

describe('a test of a host with the recording fakes', () => {
  it('reads the mailed code, turns two-factor on, and finds the events and the notice', async () => {
    const { accountId, token } = await session('ada');
    await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, token);
    await caller.post('/two-factor/send-otp', {}, token);
    expect(await outbox.queued(app.get(Database))).toEqual([
      { payload: expect.stringContaining('sealed'), discardAfter: expect.any(Date), queue: 'mail-code' },
    ]);
    expect(await deliver()).toBe(1);
    const code = mail.codeTo('ada@acme.example');
    expect((await caller.post('/two-factor/verify-otp', { code }, token)).status).toBe(200);
    expect(await deliver()).toBe(1);
    expect(mail.to('ada@acme.example').at(-1)?.subject).toContain('Two-factor');
    expect(events.namesOf(accountId)).toContain('two-factor.enabled');
    expect(events.recorded).toContainEqual(expect.objectContaining({ name: 'two-factor.enabled', accountId }));
    expect(await outbox.queued(app.get(Database))).toEqual([]);
  });

  it('sees that nothing happens where the audit table cannot be written', async () => {
    const { accountId, token } = await session('bob');
    await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, token);
    await caller.post('/two-factor/send-otp', {}, token);
    await deliver();
    events.failRecording(new Error('The audit table is full'));
    const code = mail.codeTo('bob@acme.example');
    expect((await caller.post('/two-factor/verify-otp', { code }, token)).status).toBe(500);
    events.failRecording(null);
    expect(
      events.recorded.filter((event) => event.accountId === accountId && event.name === 'two-factor.enabled'),
    ).toEqual([]);
  });

  it('sees a mail server that is away', async () => {
    mail.fail(new Error('The mail server is away'));
    const { token } = await session('eve');
    await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, token);
    await caller.post('/two-factor/send-otp', {}, token);
    await expect(deliver()).rejects.toThrow('away');
    mail.fail(null);
    expect(mail.to('eve@acme.example')).toEqual([]);
  });
});

describe("RecordingOutbox's migrations", () => {
  it('go back without a trace', async () => {
    const own = await createTestDatabase({ migrated: false });
    const source = await new DataSource({
      type: 'postgres',
      url: own.url,
      migrations: RecordingOutbox.migrations,
    }).initialize();
    await source.runMigrations();
    await source.undoLastMigration();
    expect(await source.query(`SELECT to_regclass('recorded_message') AS there`)).toEqual([{ there: null }]);
    await source.destroy();
    await own.drop();
  });
});

describeOutbox('RecordingOutbox keeps the contract of outboxes', async () => {
  const source = app.get<DataSource>(getDataSourceToken(ACME_DATABASE), { strict: false });
  const database = new Database(source);
  return { outbox, database, queued: () => outbox.queued(database) };
});
