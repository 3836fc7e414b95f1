import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { SecurityEvent, Transaction } from '../../src/two-factor/index.js';
import { AuditTrail } from './company/identity/audit-trail.js';
import { Acme, PASSWORD, type EnrolledWorker } from './support.js';

/** Writes every event into a table of the company, in the transaction of what it tells. */
class AuditTable extends AuditTrail {
  /** Name of the event whose record fails. */
  refusing: string | null = null;
  /** How `emit` behaves. */
  emitting: 'well' | 'throws' | 'rejects' = 'well';

  override async record({ name, accountId, ip }: SecurityEvent, transaction: Transaction): Promise<void> {
    await transaction.query('INSERT INTO acme_audit (name, account_id, ip) VALUES ($1, $2, $3)', [name, accountId, ip]);
    if (name === this.refusing) throw new Error('The audit refuses this event');
  }

  override emit(event: SecurityEvent): void | Promise<void> {
    void super.emit(event);
    if (this.emitting === 'throws') throw new Error('The queue of events is full');
    if (this.emitting === 'rejects') return Promise.reject(new Error('The queue of events is closed'));
  }
}

describe('events that a company records in the transaction of what they tell', () => {
  const audit = new AuditTable();
  let acme: Acme;
  let worker: EnrolledWorker;

  beforeAll(async () => {
    acme = await Acme.start(new ExpressAdapter(), undefined, audit);
    await acme.query('CREATE TABLE acme_audit (id serial PRIMARY KEY, name text NOT NULL, account_id text, ip text)');
  });
  afterAll(() => acme.close());
  beforeEach(async () => {
    audit.refusing = null;
    audit.emitting = 'well';
    worker = await acme.hireEnrolled();
  });

  const recorded = async () => {
    const rows = await acme.query<{ name: string }>('SELECT name FROM acme_audit WHERE account_id = $1 ORDER BY id', [
      worker.id,
    ]);
    return rows.map(({ name }) => name);
  };

  it('are the same that are emitted after the commit, in the same order', async () => {
    const challenge = await worker.login();
    expect((await worker.verify(challenge, '000000')).status).toBe(401);
    const trusting = { code: worker.app.nextCode(), trustDevice: true };
    expect((await acme.caller().post('/two-factor/verify-totp', trusting, challenge)).status).toBe(200);
    expect(await recorded()).toEqual([
      'two-factor.enabled',
      'two-factor.verified',
      'two-factor.challenged',
      'two-factor.verification-failed',
      'two-factor.verified',
      'two-factor.device-trusted',
    ]);
    expect(acme.history(worker)).toEqual(await recorded());
  });

  it('tell of a lock, of the tenth wrong guess and of nothing after it', async () => {
    for (let challenges = 0; challenges < 2; challenges++) {
      const challenge = await worker.login();
      for (let guesses = 0; guesses < 5; guesses++) await worker.verify(challenge, '000000');
    }
    const names = await recorded();
    expect(names.filter((name) => name === 'two-factor.verification-failed')).toHaveLength(10);
    expect(names.at(-1)).toBe('two-factor.locked');
  });

  it('undo the use of a backup code whose record fails: the code and the challenge are still good', async () => {
    const challenge = await worker.login();
    const redeem = () =>
      acme.caller().post('/two-factor/verify-backup-code', { code: worker.backupCodes[0] }, challenge);
    audit.refusing = 'two-factor.backup-code-used';
    expect((await redeem()).status).toBe(500);
    audit.refusing = null;
    expect(await recorded()).not.toContain('two-factor.backup-code-used');
    expect(acme.history(worker)).not.toContain('two-factor.backup-code-used');
    expect((await redeem()).status).toBe(200);
    expect((await recorded()).filter((name) => name === 'two-factor.backup-code-used')).toHaveLength(1);
    expect(acme.history(worker)).toEqual(await recorded());
  });

  it('keep the guess of a wrong code whose record fails', async () => {
    const challenge = await worker.login();
    audit.refusing = 'two-factor.verification-failed';
    expect((await worker.verify(challenge, '000000')).status).toBe(500);
    const [counter] = await acme.query(
      `SELECT failures FROM two_factor_attempts WHERE account_id = $1 AND scope = 'account'`,
      [worker.id],
    );
    expect(counter).toEqual({ failures: 1 });
  });

  it('undo turning two-factor off when their record fails', async () => {
    audit.refusing = 'two-factor.disabled';
    const caller = acme.caller();
    expect((await caller.post('/two-factor/disable', { password: PASSWORD }, worker.session)).status).toBe(500);
    audit.refusing = null;
    expect((await caller.post('/two-factor/disable', { password: PASSWORD }, worker.session)).status).toBe(200);
  });

  it.each(['throws', 'rejects'] as const)(
    'reach no client when the `emit` of the company %s after the commit',
    async (emitting) => {
      const challenge = await worker.login();
      audit.emitting = emitting;
      const { status, body } = await worker.verify(challenge, worker.app.nextCode());
      expect(status).toBe(200);
      audit.emitting = 'well';
      expect((await acme.caller().get('/two-factor/status', body.token)).status).toBe(200);
    },
  );
});
