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
import { Client, Pool } from 'pg';
import type { MigrationInterface } from 'typeorm';
import {
  DeliveryModule,
  deliveryMigrations,
  deliveryPorts,
  installQueue,
  OutboxQueue,
  type DeliveryModuleOptions,
} from '../../src/delivery/index.js';
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
  /** In the place of DeliveryModule's. */
  readonly ports?: Pick<TwoFactorPorts, 'outbox'>;
  readonly identity?: DynamicModule;
}

/** A backend with users and sessions of its own, a named data source, and nothing of this package that is global. */
function hostModule({ databaseUrl, delivery, migrations = deliveryMigrations, ports, identity }: Host): DynamicModule {
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
        migrations: [CreateEmployees1500000000000, ...twoFactorMigrations, ...migrations],
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
    const delivery = { smtp: { urls: [smtp.url], from: FROM }, outbox: { databaseUrl: database.url } };
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

  it('fails without the migrations of the outbox, and names them', async () => {
    const starting = start({ databaseUrl: database.url, delivery: outbox(), migrations: [] });
    await expect(starting).rejects.toThrow(
      /two_factor_enqueue\(text, timestamptz, text\).*`deliveryMigrations`.*migrations of your data source/,
    );
  });

  it('fails when the function of an outbox of its own is missing, and names the function', async () => {
    const identity = identityWith('archive.enqueue_message', database.url);
    const starting = start({
      databaseUrl: database.url,
      delivery: printing,
      migrations: [],
      ports: { outbox: OwnOutbox },
      identity,
    });
    await expect(starting).rejects.toThrow(/archive\.enqueue_message\(text, timestamptz, text\).*migration of yours/);
  });

  it('needs neither the migrations nor the queue of this package with an outbox of its own', async () => {
    await query(
      `CREATE FUNCTION enqueue_message(payload text, discard_after timestamptz, queue text) RETURNS text
       LANGUAGE sql AS 'SELECT payload'`,
    );
    const identity = identityWith('enqueue_message', database.url);
    const host: Host = { databaseUrl: database.url, delivery: printing, migrations: [] };
    const app = await start({ ...host, ports: { outbox: OwnOutbox }, identity });
    await app.close();
    expect(await query(`SELECT to_regnamespace('graphile_worker') AS schema`)).toEqual([{ schema: null }]);
  });

  it('needs no outbox where no message can be sent', async () => {
    const app = await start({ databaseUrl: database.url, delivery: {}, migrations: [] });
    await app.close();
  });

  it('makes the tables of the queue, also where several processes start at once', async () => {
    const first = await start({ databaseUrl: database.url, delivery: { console: false } });
    await first.close();
    const host = { databaseUrl: database.url, delivery: outbox() };
    const apps = await Promise.all([start(host), start(host), start(host)]);
    await Promise.all(apps.map((app) => app.close()));
    expect(await query(`SELECT to_regclass('graphile_worker.jobs') IS NOT NULL AS there`)).toEqual([{ there: true }]);
  });

  it('fails without the tables of the queue where it is not told in which database to make them', async () => {
    const host = { databaseUrl: database.url, delivery: printing };
    await expect(start(host)).rejects.toThrow(/`outbox: \{ databaseUrl \}`.*`installQueue`/);
    const pool = new Pool({ connectionString: database.url });
    await installQueue(pool);
    await pool.end();
    const app = await start(host);
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

describe('deliveryMigrations', () => {
  it('have the names under which databases of the service have run them', () => {
    expect(deliveryMigrations.map((Migration) => new Migration().name)).toEqual([
      'CreateOutbox1764000000200',
      'OutboxLanes1764000000900',
    ]);
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
