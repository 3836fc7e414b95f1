import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { runMigrations } from '../../src/database/migrations-runner.js';
import { FakeClock } from '../../src/two-factor/testing/fake-clock.js';
import { Caller } from '../support/client.js';
import { CrashLoad, CrashTally } from '../support/crash-load.js';
import { AccountSeeder } from '../support/seeded-account.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

const PATIENCE_MS = 20_000;

describe('a Postgres that is killed under load', () => {
  const tally = new CrashTally();
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  let proxy: StatementProxy;
  let service: TestService;

  let beside: Client;

  /** Runs SQL on a connection of its own, beside the service. */
  const database: Pick<TestService, 'query'> = {
    async query<Row extends object>(text: string, values: unknown[] = []) {
      return (await beside.query<Row>(text, values)).rows;
    },
  };

  async function connect(): Promise<void> {
    beside = new Client({ connectionString: postgres.url });
    beside.on('error', () => undefined);
    await beside.connect();
  }

  /**
   * Starts Postgres on the same data and on another port. It retries while the last process of the old server is still
   * ending.
   */
  async function startAgain(): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; ; await sleep(50)) {
      try {
        postgres = await startEmbeddedPostgres({ dataDir });
        break;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
    proxy.redirect(postgres.url);
    await connect();
  }

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'two-factor-crash-'));
    await chmod(dataDir, 0o711);
    // Runs with durable writes, because everything that Postgres acknowledged must survive the kill.
    postgres = await startEmbeddedPostgres({ dataDir });
    await runMigrations(postgres.url);
    await connect();
    proxy = await startStatementProxy(postgres.url);
    service = await startTestService({
      replicaOf: { databaseUrl: postgres.url, clock: new FakeClock() },
      config: { databaseTimeoutMs: 5000 },
      route: async () => proxy.url,
    });
    service.app.useLogger(false);
  }, 120_000);
  afterAll(async () => {
    await service.close();
    await proxy.close();
    await beside.end();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
    tally.print('SIGKILL of Postgres');
  });

  it('loses nothing that it acknowledged, and the service recovers with it', async () => {
    const seeder = new AccountSeeder({ ...service, ...database });
    const caller = new Caller(service);
    for (const [answered, victim] of [
      [1, 'all its processes'],
      [5, 'its head'],
      [10, 'all its processes'],
    ] as const) {
      const load = await CrashLoad.prepare(seeder, database);
      load.start(caller);
      await load.untilAnswered(answered);
      process.kill(victim === 'its head' ? postgres.pid : -postgres.pid, 'SIGKILL');
      await postgres.ended;
      const answers = await load.settled();
      tally.add(answers);
      expect(answers.map((answer) => answer?.status)).toContain(503);
      await startAgain();
      const { broken, checked } = await load.check(database, caller);
      tally.held(checked);
      expect(broken).toEqual([]);
    }
  }, 60_000);
});
