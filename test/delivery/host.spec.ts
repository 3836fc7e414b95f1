import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ConsoleLogger,
  Injectable,
  Module,
  type DynamicModule,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Client } from 'pg';
import type { MigrationInterface } from 'typeorm';
import { DeliveryModule, deliveryPorts, OutboxQueue, type DeliveryModuleOptions } from '../../src/delivery/index.js';
import {
  Outbox,
  TwoFactorModule,
  twoFactorEntities,
  twoFactorMigrations,
  type TwoFactorPorts,
} from '../../src/two-factor/index.js';
import { AcmeAccounts } from '../acme/company/identity/acme-accounts.js';
import { AcmeIdentityModule } from '../acme/company/identity/acme-identity.module.js';
import { AcmePasswords } from '../acme/company/identity/acme-passwords.js';
import { AcmeSessions } from '../acme/company/identity/acme-sessions.js';
import { CreateEmployees1500000000000 } from '../acme/company/identity/create-employees.js';
import { ACME_DATABASE, Employees } from '../acme/company/identity/employees.js';
import { LoginController } from '../acme/company/login.controller.js';
import { Caller, PASSWORD } from '../support/client.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startSmtp, type SmtpFixture } from './smtp-fixture.js';

const KEY = { kid: 'k1', secret: randomBytes(32) };
const FROM = 'Acme <no-reply@acme.example>';

/** The host's own configuration, which the factory injects. */
@Injectable()
class HostConfig {
  constructor(readonly delivery: DeliveryModuleOptions) {}
}

interface Host {
  readonly databaseUrl: string;
  readonly delivery: DeliveryModuleOptions;
  readonly migrations?: ReadonlyArray<Type<MigrationInterface>>;
  readonly ports?: Pick<TwoFactorPorts, 'outbox'>;
  readonly identity?: DynamicModule;
}

/** A backend with users and sessions of its own, a named data source, and nothing of this package that is global. */
function hostModule({ databaseUrl, delivery, migrations = twoFactorMigrations, ports, identity }: Host): DynamicModule {
  const people =
    identity ?? AcmeIdentityModule.forRoot({ databaseUrl, origin: 'https://acme.example', sessions: AcmeSessions });
  @Module({ providers: [{ provide: HostConfig, useValue: new HostConfig(delivery) }], exports: [HostConfig] })
  class HostConfigModule {}
  @Module({})
  class HostModule {}
  return {
    module: HostModule,
    imports: [
      TypeOrmModule.forRoot({
        name: ACME_DATABASE,
        type: 'postgres',
        url: databaseUrl,
        entities: [...twoFactorEntities],
        migrations: [CreateEmployees1500000000000, ...migrations],
        migrationsRun: true,
        toRetry: () => false,
      }),
      people,
      TwoFactorModule.forRootAsync({
        imports: [
          people,
          DeliveryModule.forRootAsync({
            imports: [HostConfigModule],
            inject: [HostConfig],
            useFactory: (config: HostConfig) => config.delivery,
          }),
        ],
        useFactory: () => ({ issuer: 'Acme', trustedOrigins: ['https://acme.example'], keys: [KEY] }),
        accounts: AcmeAccounts,
        sessions: AcmeSessions,
        passwords: AcmePasswords,
        dataSource: ACME_DATABASE,
        ...deliveryPorts,
        ...ports,
      }),
    ],
    controllers: [LoginController],
  };
}

const SILENCE = new ConsoleLogger({ logLevels: [] });

async function start(host: Host): Promise<INestApplication<Server>> {
  const module = await Test.createTestingModule({ imports: [hostModule(host)] })
    .setLogger(SILENCE)
    .compile();
  const app = module.createNestApplication<INestApplication<Server>>(new ExpressAdapter(), { logger: false });
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

describe('a host with DeliveryModule', () => {
  let database: TestDatabase;
  let smtp: SmtpFixture;
  let app: INestApplication<Server>;
  beforeAll(async () => {
    [database, smtp] = await Promise.all([createTestDatabase({ migrated: false }), startSmtp()]);
    // Without a look at the table: the worker is woken by what its own process queues.
    const outbox = { databaseUrl: database.url, pollIntervalMs: 3_600_000 };
    const delivery = { smtp: { urls: [smtp.url], from: FROM }, outbox };
    app = await start({ databaseUrl: database.url, delivery });
  });
  afterAll(async () => {
    await app.close();
    await smtp.close();
    await database.drop();
  });

  it('turns two-factor on and signs in by mailed codes, and owners get their notices', async () => {
    const caller = new Caller({ url: await app.getUrl() });
    const credentials = { username: 'ada', password: PASSWORD };
    await app.get(Employees, { strict: false }).hire(credentials.username, credentials.password);
    const login = async () => (await caller.post<{ session?: string; challenge?: string }>('/login', credentials)).body;
    const { session } = await login();
    const enabled = await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, session);
    expect(enabled.status).toBe(200);
    await caller.post('/two-factor/send-otp', {}, session);
    const [mail] = await smtp.received(1);
    expect([mail?.to].flat()[0]?.text).toBe('ada@acme.example');
    expect(mail?.from?.text).toContain('no-reply@acme.example');
    const code = codeOf(mail?.text);
    expect((await caller.post('/two-factor/verify-otp', { code }, session)).status).toBe(200);
    expect((await smtp.received(2))[1]?.subject).toContain('Two-factor');

    const { challenge } = await login();
    await caller.post('/two-factor/send-otp', {}, challenge);
    const signIn = codeOf((await smtp.received(3))[2]?.text);
    expect((await caller.post('/two-factor/verify-otp', { code: signIn }, challenge)).status).toBe(200);
  });

  it('leaves a channel off that nothing is configured for', async () => {
    const caller = new Caller({ url: await app.getUrl() });
    await app.get(Employees, { strict: false }).hire('bob', PASSWORD);
    const { body } = await caller.post<{ session: string }>('/login', { username: 'bob', password: PASSWORD });
    const sms = { password: PASSWORD, method: 'otp', channel: 'sms', phoneNumber: '+4915112345678' };
    expect((await caller.post('/two-factor/enable', sms, body.session)).status).toBe(400);
  });

  it('tells how many messages wait', async () => {
    const queue = app.get(OutboxQueue, { strict: false });
    for (let tries = 0; (await queue.state()).waiting > 0 && tries < 200; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await queue.state()).toEqual({ waiting: 0, retrying: 0, oldestSeconds: 0 });
  });
});

describe('the start of a host with messages', () => {
  let database: TestDatabase;
  const printing: DeliveryModuleOptions = { console: true };
  beforeEach(async () => {
    database = await createTestDatabase({ migrated: false });
  });
  afterEach(() => database.drop());

  const outbox = () => ({ ...printing, outbox: { databaseUrl: database.url } });

  it('fails without the table of the outbox, and names the migrations', async () => {
    const migrations = twoFactorMigrations.filter(({ name }) => !name.startsWith('CreateOutboxTable'));
    const starting = start({ databaseUrl: database.url, delivery: outbox(), migrations });
    await expect(starting).rejects.toThrow(/table two_factor_outbox.*`twoFactorMigrations`/);
  });

  it('fails when the function of an outbox of its own is missing, and names the function', async () => {
    const identity = identityWith('archive.enqueue_message', database.url);
    const starting = start({
      databaseUrl: database.url,
      delivery: printing,
      ports: { outbox: OwnOutbox },
      identity,
    });
    await expect(starting).rejects.toThrow(/archive\.enqueue_message\(text, timestamptz, text\).*migration of yours/);
  });

  it('queues nothing in the table of the library with an outbox of its own', async () => {
    await query(
      `CREATE TABLE archive (payload text, queue text);
       CREATE FUNCTION enqueue_message(payload text, discard_after timestamptz, queue text) RETURNS void
       LANGUAGE sql AS 'INSERT INTO archive VALUES ($1, $3)'`,
    );
    const identity = identityWith('enqueue_message', database.url);
    const app = await start({ databaseUrl: database.url, delivery: printing, ports: { outbox: OwnOutbox }, identity });
    try {
      const caller = new Caller({ url: await app.getUrl() });
      await app.get(Employees, { strict: false }).hire('ada', PASSWORD);
      const { body } = await caller.post<{ session: string }>('/login', { username: 'ada', password: PASSWORD });
      await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, body.session);
      expect((await caller.post('/two-factor/send-otp', {}, body.session)).status).toBe(200);
      expect(await query('SELECT queue FROM archive')).toEqual([{ queue: 'mail-code' }]);
      expect(await query('SELECT FROM two_factor_outbox')).toEqual([]);
    } finally {
      await app.close();
    }
  });

  it('needs no outbox where no message can be sent', async () => {
    const app = await start({ databaseUrl: database.url, delivery: {} });
    await app.close();
  });

  it('needs no worker in each process: messages wait for another one', async () => {
    const app = await start({ databaseUrl: database.url, delivery: printing });
    await app.close();
  });

  async function query(text: string): Promise<unknown[]> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query<object>(text)).rows;
    } finally {
      await client.end();
    }
  }
});

describe('DeliveryModule without TwoFactorModule', () => {
  it('starts, and says what is missing when the queue is asked for', async () => {
    const module = await Test.createTestingModule({ imports: [DeliveryModule.forRoot({ console: true })] }).compile();
    await module.init();
    await expect(module.get(OutboxQueue, { strict: false }).state()).rejects.toThrow('import TwoFactorModule');
    await module.close();
  });

  it('fails to start a worker, which would have nothing to deliver by', async () => {
    const outbox = { databaseUrl: 'postgres://localhost/unused' };
    const module = await Test.createTestingModule({ imports: [DeliveryModule.forRoot({ outbox })] }).compile();
    await expect(module.init()).rejects.toThrow('DeliveryModule needs MessageDelivery of TwoFactorModule');
  });
});

class OwnOutbox extends Outbox {
  constructor(override readonly enqueueFunction: string) {
    super();
  }
}

/** Acme's people, and an outbox on a function of that name. */
function identityWith(enqueueFunction: string, databaseUrl: string): DynamicModule {
  const people = AcmeIdentityModule.forRoot({ databaseUrl, origin: 'https://acme.example', sessions: AcmeSessions });
  const outbox = { provide: OwnOutbox, useValue: new OwnOutbox(enqueueFunction) };
  return {
    ...people,
    providers: [...(people.providers ?? []), outbox],
    exports: [...(people.exports ?? []), OwnOutbox],
  };
}

function codeOf(text: string | undefined): string {
  return /^\d{6}$/m.exec(text ?? '')?.[0] ?? 'no code';
}
