import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import type { INestApplication, Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { Client } from 'pg';
import { Clock, Database, type SecurityEvent } from '../../src/two-factor/index.js';
import { FakeClock } from '../../src/two-factor/testing/index.js';
import { AuthenticatorApp, Browser, Caller, type AnyBody } from '../support/client.js';
import { createTestDatabase } from '../support/database.js';
import { secrets } from '../support/leaks/secrets.js';
import { AcmeModule } from './company/acme.module.js';
import { AcmeSessions } from './company/identity/acme-sessions.js';
import { AuditTrail } from './company/identity/audit-trail.js';
import { Employees } from './company/identity/employees.js';

/** The two platforms that Nest runs on. */
export const PLATFORMS: ReadonlyArray<readonly [name: string, adapter: () => AbstractHttpAdapter]> = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

export const ACME_ORIGIN = 'http://intranet.acme.example';
export const PASSWORD = 'correct horse battery staple';

/** Members of the responses of Acme's own routes. */
export interface AcmeBody extends AnyBody {
  readonly challenge: string;
  readonly secondFactor: string[];
}

/** What one variant of the company does otherwise. */
export interface AcmeVariant {
  readonly structure?: Parameters<typeof AcmeModule.forRoot>[1];
  readonly placement?: Parameters<typeof AcmeModule.forRoot>[2];
  /** Modules beside the company's own. */
  readonly imports?: readonly Type[];
  /** Called before the application listens. */
  readonly configure?: (app: INestApplication) => void | Promise<void>;
}

/** Acme's backend, listening, on a database of its own that only its own start has migrated. */
export class Acme {
  private constructor(
    private readonly app: INestApplication<Server>,
    readonly url: string,
    readonly clock: FakeClock,
    private readonly dropDatabase: () => Promise<void>,
  ) {}

  /** @param events in the place of the company's own audit trail */
  static async start(
    adapter: AbstractHttpAdapter,
    sessions: Type<AcmeSessions> = AcmeSessions,
    events?: AuditTrail,
    variant: AcmeVariant = {},
  ): Promise<Acme> {
    const database = await createTestDatabase({ migrated: false });
    await createSchema(database.url, variant.placement?.schema);
    const clock = new FakeClock();
    const settings = { databaseUrl: database.url, origin: ACME_ORIGIN, sessions };
    const building = Test.createTestingModule({
      imports: [AcmeModule.forRoot(settings, variant.structure, variant.placement), ...(variant.imports ?? [])],
    })
      .overrideProvider(Clock)
      .useValue(clock);
    if (events) building.overrideProvider(AuditTrail).useValue(events);
    const module = await building.compile();
    const app = module.createNestApplication<INestApplication<Server>>(adapter, { logger: false });
    await variant.configure?.(app);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new Acme(app, `http://127.0.0.1:${port}`, clock, () => database.drop());
  }

  get<T>(type: Type<T>): T {
    return this.app.get(type, { strict: false });
  }

  async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.app.get(Database).query<Row>(text, values);
  }

  async close(): Promise<void> {
    this.app.getHttpServer().closeIdleConnections();
    await this.app.close();
    await this.dropDatabase();
  }

  /** Creates an employee and signs in. */
  async hire(department?: string): Promise<Worker> {
    const username = `worker${++workers}`;
    const id = await this.get(Employees).hire(username, PASSWORD, department);
    const worker = new Worker(this, String(id), username);
    worker.session = await worker.login();
    return worker;
  }

  /** Creates an employee who has two-factor on and a strong session. */
  async hireEnrolled(department?: string): Promise<EnrolledWorker> {
    const worker = await this.hire(department);
    const { totpURI, backupCodes } = await worker.enable();
    const enrolled = new EnrolledWorker(worker, new AuthenticatorApp(totpURI, this), backupCodes);
    const { status, body } = await enrolled.verify(worker.session, enrolled.app.code());
    if (status !== 200) throw new Error(`Confirming answered ${status}`);
    enrolled.session = body.token;
    return enrolled;
  }

  /** Creates an employee whose only factor is a hardware key, with a strong session. */
  async hireWithKey(): Promise<KeyHolder> {
    const holder = new KeyHolder(await this.hire());
    await holder.replaceKey();
    return holder;
  }

  caller(): Caller {
    return new Caller(this);
  }

  browser(): Browser {
    return new Browser(this, ACME_ORIGIN);
  }

  history(worker: Worker): string[] {
    return this.get(AuditTrail).of(worker.id);
  }

  eventsOf(worker: Worker): SecurityEvent[] {
    return this.get(AuditTrail).eventsOf(worker.id);
  }

  document(): OpenAPIObject {
    return SwaggerModule.createDocument(this.app, new DocumentBuilder().addBearerAuth().build());
  }
}

async function createSchema(url: string, schema: string | undefined): Promise<void> {
  if (schema === undefined) return;
  const client = new Client(url);
  await client.connect();
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.end();
}

let workers = 0;

/** An employee as a program that sends bearer tokens. */
export class Worker {
  /** Token of the most recent session. */
  session = '';
  protected readonly caller: Caller;

  constructor(
    readonly acme: Acme,
    readonly id: string,
    readonly username: string,
  ) {
    this.caller = acme.caller();
  }

  /** Body of a request to `/login`. */
  get credentials() {
    return { username: this.username, password: PASSWORD };
  }

  /** @returns the session's token, or the challenge's token when a second factor is required */
  async login(): Promise<string> {
    const { body } = await this.caller.post<{ session?: string; challenge?: string }>('/login', this.credentials);
    const token = body.session ?? body.challenge;
    if (!token) throw new Error('The sign-in was refused');
    return token;
  }

  async enable() {
    const { body } = await this.caller.post('/two-factor/enable', { password: PASSWORD }, this.session);
    return body;
  }
}

export class EnrolledWorker extends Worker {
  constructor(
    worker: Worker,
    readonly app: AuthenticatorApp,
    readonly backupCodes: readonly string[],
  ) {
    super(worker.acme, worker.id, worker.username);
  }

  /** Sends a code with the token of a session or challenge. The default is the next code. */
  verify(bearer: string, code = this.app.nextCode()) {
    return this.caller.post('/two-factor/verify-totp', { code }, bearer);
  }
}

/** An employee with a hardware key. */
export class KeyHolder extends Worker {
  key = new HardwareKeyDevice('');

  constructor(worker: Worker) {
    super(worker.acme, worker.id, worker.username);
    this.session = worker.session;
  }

  /** Stages a key on a session, by default the worker's own. */
  async register(bearer = this.session) {
    const path = '/two-factor/hardware-key/register';
    const { status, body } = await this.caller.post<RegisteredKey>(path, { password: PASSWORD, label: 'Blue' }, bearer);
    if (status !== 200) throw new Error(`Registering answered ${status}`);
    return { key: new HardwareKeyDevice(body.secret), backupCodes: body.backupCodes };
  }

  /** Stages a key and confirms it, which makes the worker's session strong. */
  async replaceKey(): Promise<void> {
    const { key } = await this.register();
    const { status, body } = await this.prove(this.session, {}, key);
    if (status !== 200) throw new Error(`Confirming answered ${status}`);
    this.key = key;
    this.session = body.token;
  }

  async nonce(bearer: string): Promise<string> {
    const { body } = await this.caller.post<{ nonce: string }>('/two-factor/hardware-key/nonce', {}, bearer);
    return body.nonce;
  }

  respond(bearer: string, response: string, more: object = {}) {
    return this.caller.post('/two-factor/hardware-key/verify', { response, ...more }, bearer);
  }

  /** Requests a nonce and responds to it with the key. */
  async prove(bearer: string, more: object = {}, key = this.key) {
    return this.respond(bearer, key.respond(await this.nonce(bearer)), more);
  }
}

interface RegisteredKey {
  readonly secret: string;
  readonly backupCodes?: string[];
}

/** The hardware key itself: it stores the secret and signs nonces. */
export class HardwareKeyDevice {
  private readonly secret: Buffer;

  constructor(secret: string) {
    this.secret = Buffer.from(secret, 'base64url');
    // The leak search then searches every table for it.
    if (secret) secrets.addBytes('secret of a hardware key', this.secret);
  }

  /** @param nonce in base64url */
  respond(nonce: string): string {
    return createHmac('sha256', this.secret).update(Buffer.from(nonce, 'base64url')).digest('hex');
  }
}
