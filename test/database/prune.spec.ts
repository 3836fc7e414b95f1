import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { ACCOUNTS_PRUNE_JOB } from '../../src/accounts/accounts-api.module.js';
import { PruneJob } from '../../src/two-factor/index.js';
import { enrol, openChallenge } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

const MANY = 2500;

let service: TestService;
let replica: TestService;
beforeAll(async () => {
  service = await startTestService({ messages: true, config: { outbox: false } });
  replica = await startTestService({ replicaOf: service, messages: true, config: { outbox: false } });
});
afterAll(async () => {
  await replica.close();
  await service.close();
});

const jobOf = ({ app }: TestService) => app.get(PruneJob, { strict: false });
const accountsJobOf = ({ app }: TestService) => app.get<PruneJob>(ACCOUNTS_PRUNE_JOB, { strict: false });

/** Adds challenges of which each is over, or lives for an hour. */
const addChallenges = (count: number, ends: string) =>
  service.query(
    `INSERT INTO two_factor_challenge (id, token_hash, account_id, context, expires_at)
     SELECT gen_random_uuid(), decode(md5(random()::text || n), 'hex'), 'pruned', '{}', now() + $2::interval
     FROM generate_series(1, $1::int) AS n`,
    [count, ends],
  );
const count = async (from: string) =>
  Number((await service.query<{ n: string }>(`SELECT count(*) AS n FROM ${from}`))[0]?.n);

describe('the job that deletes expired rows', () => {
  afterEach(async () => {
    await service.query(`DELETE FROM two_factor_challenge WHERE account_id = 'pruned'`);
  });

  it('deletes expired challenges with their codes, in as many batches as it takes, and keeps live ones', async () => {
    const owner = await enrol(service);
    await openChallenge(service, owner);
    await addChallenges(MANY, '-1 second');
    await addChallenges(3, '1 hour');
    await service.query(
      `INSERT INTO two_factor_one_time_code (id, account_id, binding, challenge_id, channel, kid, nonce, expires_at)
       SELECT gen_random_uuid(), 'pruned', 'challenge:' || id, id, 'mail', 'test', '\\x00', expires_at
       FROM two_factor_challenge WHERE account_id = 'pruned'`,
    );
    expect(await jobOf(service).run()).toBe(MANY);
    expect(await count(`two_factor_challenge WHERE account_id = 'pruned'`)).toBe(3);
    expect(await count(`two_factor_challenge WHERE account_id = '${owner.id}'`)).toBe(1);
    expect(await count(`two_factor_one_time_code WHERE account_id = 'pruned'`)).toBe(3);
    expect(await jobOf(service).run()).toBe(0);
  });

  it('deletes expired codes of sessions and full budgets, and keeps the others', async () => {
    await service.query(
      `INSERT INTO two_factor_one_time_code (id, account_id, binding, channel, kid, nonce, expires_at)
       SELECT gen_random_uuid(), 'pruned', 'session:' || n, 'mail', 'test', '\\x00', now() + n * interval '1 minute'
       FROM unnest('{-2,-1,1}'::int[]) AS n`,
    );
    await service.query(
      `INSERT INTO two_factor_send_budget (bucket, refilled_at)
       VALUES ('pruned:full', now() - interval '1 second'), ('pruned:used', now() + interval '1 hour')`,
    );
    expect(await jobOf(service).run()).toBe(3);
    expect(await service.query(`SELECT binding FROM two_factor_one_time_code WHERE account_id = 'pruned'`)).toEqual([
      { binding: 'session:1' },
    ]);
    expect(await service.query(`SELECT bucket FROM two_factor_send_budget WHERE bucket LIKE 'pruned:%'`)).toEqual([
      { bucket: 'pruned:used' },
    ]);
  });

  it('deletes sessions and links that are over, and keeps the others', async () => {
    const owner = await enrol(service);
    const live = await count('sessions');
    await service.query(
      `INSERT INTO sessions (token_hash, user_id, remember_me, expires_at, absolute_expires_at, amr)
       SELECT decode(md5('s' || n), 'hex'), $1, true, now() + n * interval '1 hour', now() + n * interval '1 hour', '{pwd}'
       FROM unnest('{-2,-1,1}'::int[]) AS n`,
      [owner.id],
    );
    await service.query(
      `INSERT INTO account_links (token_hash, user_id, topic, email, password_version, expires_at)
       SELECT decode(md5('l' || n), 'hex'), $1, 'verify-email', 'a@b.example', 0, now() + n * interval '1 hour'
       FROM unnest('{-25,-1,1}'::int[]) AS n`,
      [owner.id],
    );
    expect(await accountsJobOf(service).run()).toBe(3);
    expect(await count('sessions')).toBe(live + 1);
    // A page explains an expired link for a day.
    expect(await count(`account_links WHERE user_id = '${owner.id}'`)).toBe(2);
  });

  it('runs in several processes at once, which share the rows and do not wait for each other', async () => {
    await addChallenges(MANY, '-1 second');
    const pruned = await Promise.all([jobOf(service).run(), jobOf(replica).run()]);
    expect(pruned[0] + pruned[1]).toBe(MANY);
    expect(await count(`two_factor_challenge WHERE account_id = 'pruned'`)).toBe(0);
  });

  it('passes over rows that a transaction holds', async () => {
    await addChallenges(5, '-1 second');
    const other = new Client({ connectionString: service.databaseUrl });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query(`SELECT FROM two_factor_challenge WHERE account_id = 'pruned' LIMIT 2 FOR UPDATE`);
      expect(await jobOf(service).run()).toBe(3);
      await other.query('ROLLBACK');
    } finally {
      await other.end();
    }
    expect(await jobOf(service).run()).toBe(2);
  });

  it('runs by itself after its interval', async () => {
    await addChallenges(2, '-1 second');
    const own = await startTestService({ replicaOf: service, twoFactor: { prune: { interval: 1 } } });
    try {
      for (const end = Date.now() + 30_000; (await count(`two_factor_challenge WHERE account_id = 'pruned'`)) > 0;) {
        if (Date.now() > end) throw new Error('Nothing was pruned');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } finally {
      await own.close();
    }
  });
});
