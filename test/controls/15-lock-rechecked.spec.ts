import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Caller, enrol, openChallenge, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

const verify = (service: TestService, code: string, bearer: string) =>
  new Caller(service).post('/two-factor/verify-totp', { code }, bearer);

/** Waits until another connection waits for a lock that this connection holds. */
async function waiting(holder: Client): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const { rowCount } = await holder.query(
      'SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))',
    );
    if (rowCount) return;
    await sleep(10);
  }
  throw new Error('No transaction waits');
}

describe('control 15: the lock is checked again when the session is opened', () => {
  let slow: TestService;
  let fast: TestService;
  let proxy: StatementProxy;
  beforeAll(async () => {
    slow = await startTestService({
      messages: true,
      route: async (url) => {
        proxy = await startStatementProxy(url);
        return proxy.url;
      },
    });
    fast = await startTestService({ replicaOf: slow });
  });
  afterAll(async () => {
    await fast.close();
    await slow.close();
    await proxy.close();
  });

  /** Submits wrong codes for the account on the other replica until it is locked. */
  async function lock(owner: EnrolledOwner): Promise<void> {
    for (let challenge = 0; challenge < 3; challenge++) {
      const token = await openChallenge(fast, owner);
      for (let guess = 0; guess < 4; guess++) {
        const { status } = await verify(fast, owner.app.wrongCode(), token);
        if (status === 429) return;
      }
    }
    throw new Error('Twelve wrong codes, and no lock');
  }

  /**
   * Submits a right code, and locks the account through other clients between the check of the code and the session.
   */
  async function overtaken(
    owner: EnrolledOwner,
    bearer: string,
    offer = () => verify(slow, owner.app.nextCode(), bearer),
  ) {
    const spend = proxy.hold(/^WITH burnt\w* AS/);
    const answer = offer();
    await spend.reached;
    await lock(owner);
    spend.release();
    return answer;
  }

  const strongSessions = async (owner: EnrolledOwner) =>
    slow.query('SELECT id, token_hash FROM sessions WHERE user_id = $1 AND second_factor_at IS NOT NULL', [owner.id]);

  it('rejects the right code of a challenge whose guess preceded the lock, and spends nothing', async () => {
    const owner = await enrol(slow);
    const before = await strongSessions(owner);
    const token = await openChallenge(slow, owner);
    expect(await overtaken(owner, token)).toMatchObject({
      status: 429,
      body: { code: 'ACCOUNT_TEMPORARILY_LOCKED' },
    });
    expect(await strongSessions(owner)).toEqual(before);
    const guesses = await slow.query(
      'SELECT guesses FROM two_factor_challenge WHERE account_id = $1 ORDER BY created_at',
      [owner.id],
    );
    expect(guesses[0]).toEqual({ guesses: 1 });
  });

  it('rejects a mailed code in the same case, on a challenge and on a session that stages mail', async () => {
    const owner = await enrol(slow);
    const staging = { password: PASSWORD, method: 'otp' };
    expect((await new Caller(slow).post('/two-factor/enable', staging, owner.token)).status).toBe(200);
    for (const [index, bearer] of [await openChallenge(slow, owner), owner.token].entries()) {
      await sendOtp(slow, bearer);
      const code = await slow.messages.codeMailedTo(owner.email, index + 1);
      expect(await overtaken(owner, bearer, () => verifyOtp(slow, bearer, code))).toMatchObject({
        status: 429,
        body: { code: 'ACCOUNT_TEMPORARILY_LOCKED' },
      });
      await slow.query(
        'UPDATE two_factor_attempts SET locked_until = NULL, failures = 0, locks = 0 WHERE account_id = $1',
        [owner.id],
      );
    }
    const confirmed = 'SELECT FROM two_factor_otp_method WHERE account_id = $1 AND confirmed_at IS NOT NULL';
    expect(await slow.query(confirmed, [owner.id])).toEqual([]);
  });

  it('waits for a lock that another transaction writes at that moment, and obeys it', async () => {
    const owner = await enrol(slow);
    const before = await strongSessions(owner);
    const token = await openChallenge(slow, owner);
    const writer = new Client({ connectionString: slow.databaseUrl });
    await writer.connect();
    try {
      const spend = proxy.hold(/^WITH burnt\w* AS/);
      const answer = verify(slow, owner.app.nextCode(), token);
      await spend.reached;
      await writer.query('BEGIN');
      await writer.query(
        `UPDATE two_factor_attempts SET failures = 10, locks = 1, locked_until = now() + interval '15 minutes'
         WHERE account_id = $1`,
        [owner.id],
      );
      spend.release();
      await waiting(writer);
      await writer.query('COMMIT');
      expect(await answer).toMatchObject({ status: 429, body: { code: 'ACCOUNT_TEMPORARILY_LOCKED' } });
    } finally {
      await writer.end();
    }
    expect(await strongSessions(owner)).toEqual(before);
  });

  it('does not step up the session', async () => {
    const owner = await enrol(slow);
    await slow.query('UPDATE sessions SET second_factor = NULL, second_factor_at = NULL WHERE user_id = $1', [
      owner.id,
    ]);
    expect(await overtaken(owner, owner.token)).toMatchObject({
      status: 429,
      body: { code: 'ACCOUNT_TEMPORARILY_LOCKED' },
    });
    expect(await strongSessions(owner)).toEqual([]);
    expect((await new Caller(slow).get('/get-session', owner.token)).body).not.toBeNull();
  });

  it('reports no lock to a backup code that lost the race', async () => {
    const owner = await enrol(slow);
    const [code] = owner.backupCodes;
    const offer = async (at: TestService, bearer: string) =>
      new Caller(at).post('/two-factor/verify-backup-code', { code }, bearer);
    const [first, second] = [await openChallenge(slow, owner), await openChallenge(slow, owner)];
    const spend = proxy.hold(/^WITH burnt\w* AS/);
    const answer = offer(slow, second);
    await spend.reached;
    expect((await offer(fast, first)).status).toBe(200);
    await lock(owner);
    spend.release();
    expect(await answer).toMatchObject({ status: 401, body: { code: 'INVALID_BACKUP_CODE' } });
  });

  it('reports no lock of another scope to a code that lost the race', async () => {
    const [locked, owner] = [await enrol(slow), await enrol(slow)];
    await lock(locked);
    const code = owner.app.nextCode();
    const [first, second] = [await openChallenge(slow, owner), await openChallenge(slow, owner)];
    const spend = proxy.hold(/^WITH burnt\w* AS/);
    const answer = verify(slow, code, second);
    await spend.reached;
    expect((await verify(fast, code, first)).status).toBe(200);
    spend.release();
    expect(await answer).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
  });
});
