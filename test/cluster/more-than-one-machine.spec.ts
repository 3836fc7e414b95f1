import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Cluster, missingProgram } from '../../cluster/cluster.js';
import { ensureBuilt } from '../support/build.js';
import { Caller } from '../support/client.js';
import { describeWith } from '../support/describe-with.js';
import { AccountSeeder, type SeededAccount } from '../support/seeded-account.js';
import { startTestService, type TestService } from '../support/service.js';
import { SignInLoad } from '../support/sign-in-load.js';
import { tell } from '../support/tell.js';

const ACCOUNTS = 200;

const missing = missingProgram();

describeWith(missing && `${missing} is not installed (apt-get install haproxy pgbouncer redis-server)`)(
  'the service on more than one machine',
  () => {
    const secret = randomBytes(32);
    /** Owns the database. It creates accounts and reads their state. */
    let beside: TestService;
    let seeder: AccountSeeder;
    let cluster: Cluster;
    let api: string;
    let began: number;

    beforeAll(async () => {
      await ensureBuilt();
      beside = await startTestService({ config: { keys: [{ kid: 'test', secret }] } });
      seeder = new AccountSeeder(beside);
      cluster = await Cluster.start({
        databaseUrl: beside.databaseUrl,
        env: { NODE_ENV: 'production', TWO_FACTOR_KEYS: `test:${secret.toString('base64')}`, BCRYPT_COST: '10' },
      });
      api = `${cluster.url}/api/auth`;
      began = Date.now();
    }, 300_000);
    afterAll(async () => {
      await cluster?.close();
      await beside?.close();
    });

    let load: SignInLoad | undefined;
    const seconds = () => ((Date.now() - began) / 1000).toFixed(1);
    afterEach(() => {
      if (!load) return;
      const retries = [...load.tally.retries].map(
        ([status, count]) => `${count} of ${status || 'a broken connection'}`,
      );
      tell(
        `\nSign-ins through the balancer: ${load.tally.requests} requests in ${seconds()} s, repeated: ${retries.join(', ') || 'none'}\n`,
      );
    });

    const accounts = async (count: number): Promise<SeededAccount[]> => {
      const seeded: SeededAccount[] = [];
      for (let n = 0; n < count; n++) seeded.push(await seeder.account());
      return seeded;
    };

    it('signs 200 accounts in while a replica is killed, another one joins and Redis restarts', async () => {
      load = new SignInLoad(api, await accounts(ACCOUNTS), beside);
      await load.untilSignedIn(30);
      await cluster.kill(0);
      await load.untilSignedIn(60);
      await cluster.join();
      await load.untilSignedIn(110);
      await cluster.restartRedis();
      await load.settled();
      await load.check(api);
    }, 600_000);

    it('fails no request while migrations run and every replica is replaced in turn', async () => {
      began = Date.now();
      load = undefined;
      const [reader] = await accounts(1);
      const state = { replaced: false };
      let reads = 0;
      // Sign-ins may end before a replacement does; these requests go on.
      const reading = Promise.all(
        Array.from({ length: 4 }, async () => {
          while (!state.replaced) {
            // Many addresses, because each has a limit.
            const headers = { 'x-forwarded-for': `10.200.${reads++ & 255}.1` };
            const answer = await new Caller({ url: api }).get('/get-session', reader?.session, headers);
            expect(answer).toMatchObject({ status: 200, body: { user: { id: reader?.id } } });
          }
        }),
      );
      const replace = async () => {
        await cluster.migrate();
        for (const place of [0, 1, 2]) {
          const signIns = new SignInLoad(api, await accounts(ACCOUNTS / 10), beside);
          await cluster.join();
          expect(await cluster.stop(place)).toBe(0);
          await signIns.settled();
          await signIns.check(api);
          expect(signIns.tally.retries).toEqual(new Map());
        }
      };
      await Promise.all([reading, replace().finally(() => (state.replaced = true))]);
      tell(`\nReplicas replaced under ${reads} requests in ${seconds()} s, failed: none\n`);
    }, 600_000);

    it('answers health checks of a stopping replica with 503, and its requests, until it ends', async () => {
      load = undefined;
      const [account] = await accounts(1);
      const place = await cluster.join();
      const replica = { url: `http://127.0.0.1:${cluster.ports[place]}/api/auth` };
      const stopped = cluster.stop(place);
      let stopping = await fetch(new URL('/health', replica.url));
      while (stopping.status !== 503) stopping = await fetch(new URL('/health', replica.url));
      expect(await stopping.json()).toEqual({ status: 'stopping' });
      const caller = new Caller(replica);
      expect(await caller.get('/ok')).toMatchObject({ status: 200 });
      expect(await caller.get('/get-session', account?.session)).toMatchObject({ body: { user: { id: account?.id } } });
      expect(await stopped).toBe(0);
    }, 300_000);
  },
);
