import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { IssuedSession, SessionGrant, SessionRenewal } from '../../src/two-factor/index.js';
import { AuthenticatorApp } from '../support/client.js';
import { AcmeSessions } from './company/identity/acme-sessions.js';
import { Acme, PASSWORD, type EnrolledWorker } from './support.js';

/** Sessions whose store is unreachable on demand. */
class FailingSessions extends AcmeSessions {
  static failing = false;

  override async issue(grant: SessionGrant): Promise<IssuedSession> {
    if (FailingSessions.failing) throw new Error('The store of sessions at 10.0.0.7 is out of reach');
    return super.issue(grant);
  }

  override async renew(renewal: SessionRenewal): Promise<IssuedSession | null> {
    if (FailingSessions.failing) throw new Error('The store of sessions at 10.0.0.7 is out of reach');
    return super.renew(renewal);
  }
}

class FailingTransactionalSessions extends FailingSessions {
  override readonly transactional = true;
}

async function whileFailing<T>(work: () => Promise<T>): Promise<T> {
  FailingSessions.failing = true;
  try {
    return await work();
  } finally {
    FailingSessions.failing = false;
  }
}

/** Reads what the library's tables hold of an employee's second factor. */
async function kept(acme: Acme, { id }: EnrolledWorker) {
  const [row] = await acme.query(
    `SELECT a.last_step AS "lastStep", (SELECT count(*)::int FROM two_factor_backup_code WHERE account_id = $1) AS codes,
       (SELECT array_agg(guesses) FROM two_factor_challenge WHERE account_id = $1) AS guesses
     FROM two_factor_authenticator a WHERE account_id = $1`,
    [id],
  );
  return row;
}

const failed = { status: 500, body: { statusCode: 500, message: 'Internal server error' } };

describe('a session that cannot be written, in the transaction that spends the factor,', () => {
  let acme: Acme;
  beforeAll(async () => {
    acme = await Acme.start(new FastifyAdapter(), FailingTransactionalSessions);
  });
  afterAll(() => acme.close());

  it('burns neither code nor challenge, and refunds no guess', async () => {
    const worker = await acme.hireEnrolled();
    const challenge = await worker.login();
    const code = worker.app.nextCode();
    const before = await kept(acme, worker);
    expect(await whileFailing(() => worker.verify(challenge, code))).toMatchObject(failed);
    expect(await kept(acme, worker)).toEqual({ ...before, guesses: [1] });
    expect(await acme.query('SELECT failures FROM two_factor_attempts WHERE account_id = $1', [worker.id])).toEqual([
      { failures: 1 },
    ]);

    expect(await worker.verify(challenge, code)).toMatchObject({ status: 200, body: { user: { id: worker.id } } });
    expect((await worker.verify(challenge, code)).status).toBe(401);
  });

  it('reports no success to the auditors', async () => {
    const worker = await acme.hireEnrolled();
    const challenge = await worker.login();
    const before = acme.history(worker);
    await whileFailing(() => worker.verify(challenge));
    expect(acme.history(worker)).toEqual(before);
  });

  it('spends no backup code', async () => {
    const worker = await acme.hireEnrolled();
    const challenge = await worker.login();
    const [code] = worker.backupCodes;
    const verify = () => acme.caller().post('/two-factor/verify-backup-code', { code }, challenge);
    expect(await whileFailing(verify)).toMatchObject(failed);
    expect(await kept(acme, worker)).toMatchObject({ codes: 10, guesses: [1] });
    expect((await verify()).status).toBe(200);
  });

  it('confirms no authenticator', async () => {
    const worker = await acme.hire();
    const { totpURI } = await worker.enable();
    const code = new AuthenticatorApp(totpURI, acme).code();
    const confirm = () => acme.caller().post('/two-factor/verify-totp', { code }, worker.session);
    expect(await whileFailing(confirm)).toMatchObject(failed);
    expect(await worker.login()).toMatch(/^acme_/);
    expect(await acme.query('SELECT uses_second_factor AS on FROM employee WHERE id = $1', [worker.id])).toEqual([
      { on: false },
    ]);
    expect((await confirm()).status).toBe(200);
    expect(await worker.login()).toMatch(/^tfc_/);
  });

  it('disables no second factor', async () => {
    const worker = await acme.hireEnrolled();
    const disable = () => acme.caller().post('/two-factor/disable', { password: PASSWORD }, worker.session);
    expect(await whileFailing(disable)).toMatchObject(failed);
    expect(await worker.login()).toMatch(/^tfc_/);
    expect((await disable()).status).toBe(200);
    expect(await worker.login()).toMatch(/^acme_/);
  });

  it('costs a guess at every attempt, so that attempts are limited', async () => {
    const worker = await acme.hireEnrolled();
    const challenge = await worker.login();
    const code = worker.app.nextCode();
    for (let n = 0; n < 5; n++) await whileFailing(() => worker.verify(challenge, code));
    expect(await worker.verify(challenge, code)).toMatchObject({
      status: 400,
      body: { code: 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE' },
    });
  });
});

describe('a session that cannot be written, in a store outside the transaction,', () => {
  let acme: Acme;
  beforeAll(async () => {
    acme = await Acme.start(new FastifyAdapter(), FailingSessions);
  });
  afterAll(() => acme.close());

  it('burns code and challenge first, so that neither opens two sessions', async () => {
    const worker = await acme.hireEnrolled();
    const challenge = await worker.login();
    const code = worker.app.nextCode();
    expect(await whileFailing(() => worker.verify(challenge, code))).toMatchObject(failed);
    expect(await worker.verify(challenge, code)).toMatchObject({
      status: 401,
      body: { code: 'INVALID_TWO_FACTOR_COOKIE' },
    });
    const next = await worker.login();
    expect(await worker.verify(next, code)).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
    expect((await worker.verify(next)).status).toBe(200);
  });

  it('leaves the session that should be lifted weak', async () => {
    const worker = await acme.hireEnrolled();
    const weak = worker.session;
    acme.clock.advance(2 * 86_400);
    expect(await whileFailing(() => worker.verify(weak))).toMatchObject(failed);
    expect((await acme.caller().get('/payroll', weak)).status).toBe(403);
    expect((await acme.caller().get('/canteen', weak)).status).toBe(200);
  });
});
