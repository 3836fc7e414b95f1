import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, enrol, openChallenge, type EnrolledOwner } from '../support/client.js';
import { TwoFactorService } from '../../src/two-factor/two-factor.service.js';
import { Replicas } from '../support/replicas.js';

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.start();
});
afterAll(() => replicas.close());

const replica = (index: number) => replicas.at(index);

const guess = async (index: number, code: string, token: string | undefined) =>
  new Caller(replica(index)).post('/two-factor/verify-totp', { code }, token);

/** Moves the account's lock into the past, so that it has ended. */
async function outwaitLock(owner: EnrolledOwner): Promise<void> {
  await replica(0).query(`UPDATE two_factor_attempts SET locked_until = now() WHERE account_id = $1`, [owner.id]);
}

/** Submits wrong codes until the account is locked. */
async function lock(owner: EnrolledOwner): Promise<void> {
  for (;;) {
    const token = await openChallenge(replica(0), owner);
    for (let n = 0; n < 5; n++) {
      const { status } = await guess(0, owner.app.wrongCode(), token);
      if (status === 429) return;
    }
  }
}

describe('the guess budget of an account', () => {
  it('locks for 15 minutes, then twice as long each time, until only an operator can unlock', async () => {
    const owner = await enrol(replica(0));
    const seconds: number[] = [];
    for (let n = 0; n < 10; n++) {
      await lock(owner);
      const { status, headers } = await guess(0, owner.app.nextCode(), await openChallenge(replica(0), owner));
      expect(status).toBe(429);
      // A slow machine may have used some seconds of the lock already.
      seconds.push(Math.ceil(Number(headers.get('retry-after')) / 60) * 60);
      await replica(0).query(
        `UPDATE two_factor_attempts SET locked_until = now() WHERE account_id = $1 AND locked_until <> 'infinity'`,
        [owner.id],
      );
    }
    expect(seconds).toEqual([900, 1800, 3600, 7200, 14_400, 28_800, 57_600, 86_400, 86_400, 86_400]);
    const [row] = await replica(0).query(
      `SELECT failures, locked_until = 'infinity' AS shut FROM two_factor_attempts WHERE account_id = $1`,
      [owner.id],
    );
    expect(row).toEqual({ failures: 100, shut: true });
  });

  it('is not reset when a lock ends, but when a code succeeds', async () => {
    const owner = await enrol(replica(0));
    await lock(owner);
    await outwaitLock(owner);
    const wrong = await guess(0, owner.app.wrongCode(), await openChallenge(replica(0), owner));
    expect(wrong.body.code).toBe('INVALID_CODE');
    const [counted] = await replica(0).query('SELECT failures FROM two_factor_attempts WHERE account_id = $1', [
      owner.id,
    ]);
    expect(counted).toEqual({ failures: 11 });
    const right = await guess(0, owner.app.nextCode(), await openChallenge(replica(0), owner));
    expect(right.status).toBe(200);
    const [row] = await replica(0).query('SELECT failures, locks FROM two_factor_attempts WHERE account_id = $1', [
      owner.id,
    ]);
    expect(row).toEqual({ failures: 0, locks: 0 });
  });

  it('locks the account for a limited time when guesses were taken and never finished', async () => {
    const owner = await enrol(replica(0));
    await replica(0).query(
      `UPDATE two_factor_attempts SET failures = 10, last_guess_at = now() - interval '1 minute' WHERE account_id = $1`,
      [owner.id],
    );
    const shut = await guess(0, owner.app.nextCode(), await openChallenge(replica(0), owner));
    expect([shut.status, shut.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^(?:900|89\d)$/)]);
    await outwaitLock(owner);
    const right = await guess(0, owner.app.nextCode(), await openChallenge(replica(0), owner));
    expect(right.status).toBe(200);
  });

  it('locks only the scope whose guesses were never finished, not that of a trusted device', async () => {
    const owner = await enrol(replica(0));
    const scope = `device:${randomUUID()}`;
    await replica(0).query('INSERT INTO two_factor_attempts (account_id, scope) VALUES ($1, $2)', [owner.id, scope]);
    await replica(0).query(
      `UPDATE two_factor_attempts SET failures = 10, last_guess_at = now() - interval '1 minute' WHERE account_id = $1`,
      [owner.id],
    );
    const shut = await guess(0, owner.app.nextCode(), await openChallenge(replica(0), owner));
    expect(shut.status).toBe(429);
    const locked = 'SELECT scope FROM two_factor_attempts WHERE account_id = $1 AND locks > 0';
    expect(await replica(0).query(locked, [owner.id])).toEqual([{ scope: 'account' }]);
  });

  it('sets no lock while other guesses of the account are evaluated, and locks no other account', async () => {
    const [owner, other] = [await enrol(replica(0)), await enrol(replica(0))];
    const useUp =
      'UPDATE two_factor_attempts SET failures = 10, last_guess_at = now() - $2::interval WHERE account_id = $1';
    await replica(0).query(useUp, [owner.id, '0 seconds']);
    await replica(0).query(useUp, [other.id, '1 hour']);
    const refused = await guess(0, owner.app.wrongCode(), await openChallenge(replica(0), owner));
    expect(refused.status).toBe(429);
    const locked = 'SELECT account_id FROM two_factor_attempts WHERE account_id = ANY ($1) AND locks > 0';
    expect(await replica(0).query(locked, [[owner.id, other.id]])).toEqual([]);
  });

  it('is reset when an operator unlocks the account, without a reset of other accounts', async () => {
    const [owner, other] = [await enrol(replica(0)), await enrol(replica(0))];
    for (const account of [owner, other]) await lock(account);
    await replica(1).app.get(TwoFactorService).unlock(owner.id);
    const right = async (account: EnrolledOwner) =>
      (await guess(0, account.app.nextCode(), await openChallenge(replica(0), account))).status;
    expect([await right(owner), await right(other)]).toEqual([200, 429]);
  });

  it('rejects the right code of a challenge that was opened before the lock', async () => {
    const owner = await enrol(replica(0));
    const token = await openChallenge(replica(0), owner);
    await lock(owner);
    expect((await guess(0, owner.app.nextCode(), token)).status).toBe(429);
  });

  it('never locks backup codes, and a backup code ends the lock', async () => {
    const owner = await enrol(replica(0));
    const token = await openChallenge(replica(0), owner);
    await lock(owner);
    const answer = await new Caller(replica(1)).post(
      '/two-factor/verify-backup-code',
      { code: owner.backupCodes[0] },
      token,
    );
    expect(answer.status).toBe(200);
    const right = await guess(0, owner.app.nextCode(), await openChallenge(replica(0), owner));
    expect(right.status).toBe(200);
  });
});

describe('the guess budget of a challenge', () => {
  it('allows five guesses, tells the client once that it needs a new code, and ends the challenge', async () => {
    const owner = await enrol(replica(0));
    const token = await openChallenge(replica(0), owner);
    const answers = [];
    for (let n = 0; n < 8; n++) answers.push(await guess(n, owner.app.wrongCode(), token));
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      ...Array.from({ length: 5 }, () => [401, 'INVALID_CODE']),
      [400, 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE'],
      [401, 'INVALID_TWO_FACTOR_COOKIE'],
      [401, 'INVALID_TWO_FACTOR_COOKIE'],
    ]);
    const sent = await new Caller(replica(0)).post('/two-factor/send-otp', {}, token);
    expect(sent.body.code).toBe('INVALID_TWO_FACTOR_COOKIE');
  });

  it('is shared by all factors', async () => {
    const owner = await enrol(replica(0));
    const token = await openChallenge(replica(0), owner);
    const caller = new Caller(replica(0));
    for (let n = 0; n < 3; n++) await guess(0, owner.app.wrongCode(), token);
    for (let n = 0; n < 2; n++) {
      const wrong = await caller.post('/two-factor/verify-backup-code', { code: 'no such code' }, token);
      expect(wrong).toMatchObject({ status: 401, body: { code: 'INVALID_BACKUP_CODE' } });
    }
    expect((await guess(0, owner.app.nextCode(), token)).body.code).toBe('TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
  });

  it('evaluates five of 30 parallel guesses', async () => {
    const owner = await enrol(replica(0));
    const token = await openChallenge(replica(0), owner);
    const answers = await race(30, (index) => guess(index, owner.app.wrongCode(), token));
    expect(answers.filter(({ body }) => body.code === 'INVALID_CODE')).toHaveLength(5);
    expect(answers.filter(({ body }) => body.code === 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE')).toHaveLength(1);
  });

  it('is not reduced by a body that fails validation', async () => {
    const owner = await enrol(replica(0));
    const token = await openChallenge(replica(0), owner);
    const caller = new Caller(replica(0));
    for (const body of [{}, { code: 123_456 }, { code: ['123456'] }, { code: null }, []]) {
      const answer = await caller.post('/two-factor/verify-totp', body, token);
      expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_ERROR']);
    }
    const [row] = await replica(0).query('SELECT failures FROM two_factor_attempts WHERE account_id = $1', [owner.id]);
    expect(row).toEqual({ failures: 0 });
    expect((await guess(0, owner.app.nextCode(), token)).status).toBe(200);
  });
});
