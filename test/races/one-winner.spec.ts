import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, signUp, type Answer } from '../support/client.js';
import { Replicas } from '../support/replicas.js';

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.start();
});
afterAll(() => replicas.close());

/** Returns one of the two replicas, in turn. */
const replica = (index: number) => replicas.at(index);

const winners = (answers: ReadonlyArray<Answer<unknown>>) => answers.filter(({ status }) => status === 200).length;

async function sessionsOf(accountId: string): Promise<number> {
  const [row] = await replica(0).query<{ count: number }>(
    'SELECT count(*)::integer AS count FROM sessions WHERE user_id = $1',
    [accountId],
  );
  return row?.count ?? 0;
}

describe('parallel requests with valid codes', () => {
  it('open one session for one challenge, with codes of several factors', async () => {
    const owner = await enrol(replica(0));
    const token = await openChallenge(replica(0), owner);
    const code = owner.app.nextCode();
    const before = await sessionsOf(owner.id);
    const answers = await race(20, (index) =>
      index % 2
        ? new Caller(replica(index)).post('/two-factor/verify-totp', { code }, token)
        : new Caller(replica(0)).post('/two-factor/verify-backup-code', { code: owner.backupCodes[index % 10] }, token),
    );
    expect(winners(answers)).toBe(1);
    expect(await sessionsOf(owner.id)).toBe(before + 1);
    const [left] = await replica(0).query<{ left: number }>(
      'SELECT count(*)::integer AS left FROM two_factor_backup_code WHERE account_id = $1',
      [owner.id],
    );
    const byBackupCode = answers.some(({ status, body }) => status === 200 && body.session);
    expect(left?.left).toBe(byBackupCode ? 9 : 10);
  });

  it('confirm one staged authenticator once', async () => {
    const owner = await signUp(replica(0));
    const staged = await new Caller(replica(0)).post('/two-factor/enable', { password: PASSWORD }, owner.token);
    const code = new AuthenticatorApp(staged.body.totpURI, replica(0)).code();
    const answers = await race(10, (index) =>
      new Caller(replica(index)).post('/two-factor/verify-totp', { code }, owner.token),
    );
    expect(winners(answers)).toBe(1);
  });
});

describe('parallel enrolments on one session', () => {
  it('leave one authenticator that can be confirmed', async () => {
    const owner = await signUp(replica(0));
    const answers = await race(8, (index) =>
      new Caller(replica(index)).post('/two-factor/enable', { password: PASSWORD }, owner.token),
    );
    expect(winners(answers)).toBe(8);
    const shown = await new Caller(replica(0)).post('/two-factor/get-totp-uri', { password: PASSWORD }, owner.token);
    const code = new AuthenticatorApp(shown.body.totpURI, replica(0)).code();
    const confirmed = await new Caller(replica(0)).post('/two-factor/verify-totp', { code }, owner.token);
    expect(confirmed.status).toBe(200);
    const rows = await replica(0).query('SELECT FROM two_factor_authenticator WHERE account_id = $1', [owner.id]);
    expect(rows).toHaveLength(1);
    const codes = await replica(0).query('SELECT FROM two_factor_backup_code WHERE account_id = $1', [owner.id]);
    expect(codes).toHaveLength(10);
  });
});
