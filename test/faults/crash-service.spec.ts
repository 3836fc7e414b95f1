import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureBuilt } from '../support/build.js';
import { Caller } from '../support/client.js';
import { CrashLoad, CrashTally } from '../support/crash-load.js';
import { AccountSeeder } from '../support/seeded-account.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';

describe('a service that is killed under load', () => {
  const secret = randomBytes(32);
  const tally = new CrashTally();
  let folder: string;
  /** Shares the database with the killed services. It creates accounts and reads their state. */
  let beside: TestService;
  let victim: ServiceProcess | undefined;

  const start = async (): Promise<Caller> => {
    victim = await startProcess(folder, {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      BASE_URL: TRUSTED_ORIGIN,
      DATABASE_URL: beside.databaseUrl,
      TWO_FACTOR_KEYS: `test:${secret.toString('base64')}`,
      OUTBOX: 'off',
      BCRYPT_COST: '10',
    });
    await victim.started;
    return new Caller({ url: `http://127.0.0.1:${victim.port}/api/auth` });
  };
  const kill = async (): Promise<void> => {
    victim?.child.kill('SIGKILL');
    await victim?.ended;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-crash-'));
    beside = await startTestService({ config: { keys: [{ kid: 'test', secret }] } });
    await ensureBuilt();
  }, 120_000);
  afterAll(async () => {
    await kill();
    await beside.close();
    await rm(folder, { recursive: true, force: true });
    tally.print('SIGKILL of the service');
  });

  it('opens no session without a factor, spends no code twice and loses nothing that it acknowledged', async () => {
    const seeder = new AccountSeeder(beside);
    let caller = await start();
    for (const answered of [1, 5, 10]) {
      // The killed services use the clock of the machine.
      beside.clock.advance((Date.now() - beside.clock.now().getTime()) / 1000);
      const load = await CrashLoad.prepare(seeder, beside);
      load.start(caller);
      await load.untilAnswered(answered);
      await kill();
      const answers = await load.settled();
      tally.add(answers);
      expect(answers).toContain(undefined);
      // The next process starts without manual repair.
      caller = await start();
      const { broken, checked } = await load.check(beside, caller);
      tally.held(checked);
      expect(broken).toEqual([]);
    }
  }, 60_000);
});
