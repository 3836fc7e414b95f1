import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { race } from '../support/barrier.js';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

/*
 * Interleavings that rarely occur by chance. Statements queue behind a row that the test locks, or the proxy holds them
 * back on their way to Postgres.
 */

let service: TestService;
let proxy: StatementProxy;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({
    messages: true,
    route: async (databaseUrl) => {
      proxy = await startStatementProxy(databaseUrl);
      return proxy.url;
    },
  });
  caller = new Caller(service);
});
afterAll(async () => {
  await service.close();
  await proxy.close();
});

const verifyTotp = (code: string, token: string | undefined) => caller.post('/two-factor/verify-totp', { code }, token);

/**
 * Locks the rows of the statement until the given number of other statements wait for them, or for two seconds at most.
 */
async function withRowsHeld<T>(lock: string, values: unknown[], waiting: number, work: () => Promise<T>): Promise<T> {
  const holder = new Client({ connectionString: service.databaseUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(lock, values);
  const result = work();
  for (let n = 0; n < 100; n++) {
    const [row] = await service.query<{ waiting: number }>(
      `SELECT count(*)::integer AS waiting FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if ((row?.waiting ?? 0) >= waiting) break;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  await holder.query('COMMIT');
  await holder.end();
  return result;
}

describe('guesses that wait for the same row', () => {
  it('count the earlier guesses of the account', async () => {
    const owner = await enrol(service);
    await service.query('UPDATE two_factor_attempts SET failures = 8 WHERE account_id = $1', [owner.id]);
    const tokens = await race(10, () => openChallenge(service, owner));
    const answers = await withRowsHeld(
      'SELECT FROM two_factor_attempts WHERE account_id = $1 FOR UPDATE',
      [owner.id],
      10,
      () => race(10, (index) => verifyTotp(owner.app.wrongCode(), tokens[index])),
    );
    expect(answers.filter(({ body }) => body.code === 'INVALID_CODE')).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(8);
  });

  it('count the earlier guesses of the challenge', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    const answers = await withRowsHeld(
      'SELECT FROM two_factor_challenge WHERE account_id = $1 FOR UPDATE',
      [owner.id],
      10,
      () => race(10, () => verifyTotp(owner.app.wrongCode(), token)),
    );
    expect(answers.map(({ body }) => body.code ?? '').toSorted((a, b) => a.localeCompare(b))).toEqual([
      ...Array.from({ length: 5 }, () => 'INVALID_CODE'),
      ...Array.from({ length: 4 }, () => 'INVALID_TWO_FACTOR_COOKIE'),
      'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
    ]);
  });
});

describe('guesses that were taken and never finished', () => {
  it('lock the account once, however many later guesses find them', async () => {
    const owner = await enrol(service);
    const tokens = [await openChallenge(service, owner), await openChallenge(service, owner)];
    await service.query(
      `UPDATE two_factor_attempts SET failures = 10, last_guess_at = now() - interval '1 minute' WHERE account_id = $1`,
      [owner.id],
    );
    const lock = proxy.hold(/^UPDATE two_factor_attempts SET locks/);
    const first = verifyTotp(owner.app.wrongCode(), tokens[0]);
    await lock.reached;
    expect((await verifyTotp(owner.app.wrongCode(), tokens[1])).status).toBe(429);
    lock.release();
    expect((await first).status).toBe(429);
    const locks = await service.query('SELECT locks FROM two_factor_attempts WHERE account_id = $1', [owner.id]);
    expect(locks).toEqual([{ locks: 1 }]);
  });
});

describe('a backup code that opens no session', () => {
  it('is spent in the same transaction as the mail about it', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const body = { code: owner.backupCodes[0], disableSession: true };
    const statements = await proxy.statementsOf(() => caller.post('/two-factor/verify-backup-code', body, challenge));
    // Leaves out the statements of the outbox worker, which run at any time.
    const own = statements.filter((text) =>
      /^(?:BEGIN|COMMIT|WITH burnt\w* AS)|INSERT INTO two_factor_outbox/.test(text),
    );
    expect(own.map((text) => /^(?:BEGIN|COMMIT|WITH burnt)|INSERT INTO two_factor_outbox/.exec(text)?.[0])).toEqual([
      expect.stringMatching(/^BEGIN/),
      'WITH burnt',
      'INSERT INTO two_factor_outbox',
      'COMMIT',
    ]);
  });
});

describe('parallel replacements of backup codes that wait for the same row', () => {
  it('leave one set in force', async () => {
    const owner = await enrol(service);
    const answers = await withRowsHeld(
      `SELECT FROM two_factor_attempts b JOIN two_factor_authenticator a ON a.account_id = b.account_id
       WHERE b.account_id = $1 FOR UPDATE`,
      [owner.id],
      4,
      () => race(4, () => caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, owner.token)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const left = await service.query('SELECT FROM two_factor_backup_code WHERE account_id = $1', [owner.id]);
    expect(left).toHaveLength(10);
  });
});

describe('a verification between the check of a right code and the session', () => {
  it('opens no session when the challenge expires meanwhile', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    const spend = proxy.hold(/^WITH burnt\w* AS/);
    const answer = verifyTotp(owner.app.nextCode(), token);
    await spend.reached;
    await service.query('UPDATE two_factor_challenge SET expires_at = now() WHERE account_id = $1', [owner.id]);
    spend.release();
    expect(await answer).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } });
  });

  it('opens no session when the mailed code expires meanwhile', async () => {
    const owner = await enrol(service);
    const token = await openChallenge(service, owner);
    await sendOtp(service, token);
    const code = await service.messages.codeMailedTo(owner.email);
    const spend = proxy.hold(/^WITH burnt\w* AS/);
    const answer = verifyOtp(service, token, code);
    await spend.reached;
    await service.query('UPDATE two_factor_one_time_code SET expires_at = now() WHERE account_id = $1', [owner.id]);
    spend.release();
    expect(await answer).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
  });

  it('rejects the code when a newer step is accepted meanwhile', async () => {
    const owner = await enrol(service);
    service.clock.advance(60);
    const [older, newer] = [owner.app.code(-1), owner.app.code()];
    const [slow, fast] = [await openChallenge(service, owner), await openChallenge(service, owner)];
    const spend = proxy.hold(/^WITH burnt\w* AS/);
    const answer = verifyTotp(older, slow);
    await spend.reached;
    expect((await verifyTotp(newer, fast)).status).toBe(200);
    spend.release();
    expect(await answer).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
  });

  it('does not step up a session that ended meanwhile', async () => {
    const owner = await enrol(service);
    const spend = proxy.hold(/^WITH burnt\w* AS/);
    const answer = verifyTotp(owner.app.nextCode(), owner.token);
    await spend.reached;
    await service.query('DELETE FROM sessions WHERE user_id = $1', [owner.id]);
    spend.release();
    expect(await answer).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
  });
});

describe('a request for new backup codes after the check of the password', () => {
  it('creates none when two-factor is turned off meanwhile', async () => {
    const owner = await enrol(service);
    const turn = proxy.hold(/^SELECT b\.account_id FROM two_factor_attempts/);
    const answer = caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, owner.token);
    await turn.reached;
    const strong = await verifyTotp(owner.app.nextCode(), await openChallenge(service, owner));
    const disabled = await caller.post('/two-factor/disable', { password: PASSWORD }, strong.body.token);
    expect(disabled.status).toBe(200);
    turn.release();
    expect(await answer).toMatchObject({ status: 400, body: { code: 'TWO_FACTOR_NOT_ENABLED' } });
    expect(await service.query('SELECT FROM two_factor_backup_code WHERE account_id = $1', [owner.id])).toEqual([]);
  });
});

describe('a weak session that stages a factor after the check of the password', () => {
  it.each([
    { method: 'totp', staging: /^WITH allowed AS/ },
    { method: 'otp', staging: /^WITH allowed AS/ },
  ])('is refused when another session turns two-factor on meanwhile ($method)', async ({ method, staging }) => {
    const owner = await signUp(service);
    const other = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const { body } = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    const stage = proxy.hold(staging);
    const answer = caller.post('/two-factor/enable', { password: PASSWORD, method }, other.body.token);
    await stage.reached;
    expect((await verifyTotp(new AuthenticatorApp(body.totpURI, service).code(), owner.token)).status).toBe(200);
    stage.release();
    expect(await answer).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
    const staged = await service.query(
      `SELECT FROM two_factor_authenticator WHERE account_id = $1 AND confirmed_at IS NULL
       UNION ALL SELECT FROM two_factor_otp_method WHERE account_id = $1`,
      [owner.id],
    );
    expect(staged).toEqual([]);
  });
});
