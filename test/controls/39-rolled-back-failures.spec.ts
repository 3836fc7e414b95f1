import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller } from '../support/client.js';
import { AccountSeeder, type SeededAccount } from '../support/seeded-account.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

describe('control 39: a failure stays counted when a later step fails', () => {
  let service: TestService;
  let proxy: StatementProxy;
  let seeder: AccountSeeder;
  const cleanUps: Array<() => Promise<unknown>> = [];
  beforeAll(async () => {
    service = await startTestService({
      messages: true,
      config: { outbox: false },
      route: async (url) => {
        proxy = await startStatementProxy(url);
        return proxy.url;
      },
    });
    // The test causes these errors.
    service.app.useLogger(false);
    seeder = new AccountSeeder(service);
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });
  afterAll(async () => {
    await service.close();
    await proxy.close();
  });

  const verify = (code: string | undefined, bearer: string, route = 'verify-totp') =>
    new Caller(service).post(`/two-factor/${route}`, { code }, bearer);

  async function failures({ id }: SeededAccount): Promise<number> {
    const [row] = await service.query<{ failures: number }>(
      `SELECT failures FROM two_factor_attempts WHERE account_id = $1 AND scope = 'account'`,
      [id],
    );
    return row?.failures ?? -1;
  }

  async function guesses({ id }: SeededAccount): Promise<number[]> {
    const rows = await service.query<{ guesses: number }>(
      'SELECT guesses FROM two_factor_challenge WHERE account_id = $1 ORDER BY created_at',
      [id],
    );
    return rows.map((row) => row.guesses);
  }

  /** Makes Postgres refuse every new session. */
  async function refuseSessions(): Promise<void> {
    await service.query(`
      CREATE FUNCTION no_session() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no session'; END $$;
      CREATE TRIGGER no_session BEFORE INSERT OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION no_session()`);
    cleanUps.push(() => service.query('DROP FUNCTION no_session CASCADE'));
  }

  /** Makes every message fail on its way into the outbox. */
  async function refuseMessages(): Promise<void> {
    await service.query('ALTER TABLE two_factor_outbox RENAME TO elsewhere');
    cleanUps.push(() => service.query('ALTER TABLE elsewhere RENAME TO two_factor_outbox'));
  }

  it('counts the guess and does not spend the code when the session cannot be opened', async () => {
    const account = await seeder.account();
    const challenge = await seeder.challenge(account.id);
    const before = await failures(account);
    await refuseSessions();
    expect((await verify(account.app.code(), challenge)).status).toBe(500);
    expect(await failures(account)).toBe(before + 1);
    expect(await guesses(account)).toEqual([1]);
    await cleanUps.pop()?.();
    expect((await verify(account.app.code(), challenge)).status).toBe(200);
    expect(await failures(account)).toBe(0);
  });

  it('counts the guess when the session cannot be stepped up', async () => {
    const account = await seeder.account();
    const before = await failures(account);
    await refuseSessions();
    expect((await verify(account.app.code(), account.session)).status).toBe(500);
    expect(await failures(account)).toBe(before + 1);
  });

  it('gives no additional guesses to an attacker who can make sessions fail', async () => {
    const account = await seeder.account();
    await refuseSessions();
    const answers: number[] = [];
    for (let n = 0; n < 3; n++) {
      const challenge = await seeder.challenge(account.id);
      for (let guess = 0; guess < 4; guess++) answers.push((await verify(account.app.code(), challenge)).status);
    }
    expect(answers.filter((status) => status === 500)).toHaveLength(7);
    expect(answers.slice(7)).toEqual([429, 429, 429, 429, 429]);
  });

  it.each(['cut before', 'cut after'] as const)(
    'keeps guess and outcome consistent when the connection is %s COMMIT',
    async (kind) => {
      const account = await seeder.account();
      const challenge = await seeder.challenge(account.id);
      const before = await failures(account);
      const commit = 5;
      const injection = proxy.inject({ kind }, commit);
      expect((await verify(account.app.code(), challenge)).status).toBe(503);
      expect(injection.statement).toBe('COMMIT');
      // Either the guess is still counted, or the success that cleared it is complete.
      const done = kind === 'cut after';
      expect(await failures(account)).toBe(done ? 0 : before + 1);
      expect(await guesses(account)).toEqual(done ? [] : [1]);
    },
  );

  it('evaluates no further guess when the lock after a wrong code cannot be written', async () => {
    const account = await seeder.account();
    await seeder.failures(account.id, 9);
    const challenge = await seeder.challenge(account.id);
    const lock = 2;
    const injection = proxy.inject({ kind: 'refuse', sqlState: 'XX000' }, lock);
    expect((await verify(account.app.wrongCode(), challenge)).status).toBe(500);
    expect(injection.statement).toMatch(/^UPDATE two_factor_attempts\s+SET locks/);
    expect(await failures(account)).toBe(10);
    expect((await verify(account.app.code(), challenge)).status).toBe(429);
    expect(await failures(account)).toBe(10);
  });

  it('keeps count and lock when the notice of the lock cannot be queued', async () => {
    const account = await seeder.account();
    await seeder.failures(account.id, 9);
    const challenge = await seeder.challenge(account.id);
    await refuseMessages();
    expect((await verify(account.app.wrongCode(), challenge)).status).toBe(500);
    expect(await failures(account)).toBe(10);
    expect(await verify(account.app.code(), challenge)).toMatchObject({
      status: 429,
      body: { code: 'ACCOUNT_TEMPORARILY_LOCKED' },
    });
  });

  it('counts the guess and spends nothing when the notice of a used backup code cannot be queued', async () => {
    const account = await seeder.account();
    const challenge = await seeder.challenge(account.id);
    const [code] = account.backupCodes;
    await refuseMessages();
    expect((await verify(code, challenge, 'verify-backup-code')).status).toBe(500);
    expect(await guesses(account)).toEqual([1]);
    await cleanUps.pop()?.();
    expect((await verify(code, challenge, 'verify-backup-code')).status).toBe(200);
  });
});
