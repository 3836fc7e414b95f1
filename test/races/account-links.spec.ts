import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { linkMailedTo } from '../support/links.js';
import { verifyAddress } from '../support/notices.js';
import { startTestService, type TestService } from '../support/service.js';

const ROUNDS = 8;

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

/** Creates an owner with a link of every kind, a second session and an open challenge. */
async function ownerWithLinks() {
  const owner = await enrol(service);
  const { email, token } = owner;
  const next = `next-${email}`;
  const code = owner.backupCodes[0];
  const other = await caller.post('/two-factor/verify-backup-code', { code }, await openChallenge(service, owner));
  await caller.post('/request-password-reset', { email });
  const reset = await linkMailedTo(service, email);
  await caller.post('/send-verification-email', { email });
  const verify = await linkMailedTo(service, email, 2);
  await caller.post('/change-email', { newEmail: next }, token);
  const change = await linkMailedTo(service, next);
  return {
    owner,
    other: other.body.token,
    challenge: await openChallenge(service, owner),
    reset,
    verify,
    change,
    next,
  };
}

async function rowsOf({ id }: EnrolledOwner) {
  const [row] = await service.query<{ users: number; sessions: number; factors: number; links: number }>(
    `SELECT (SELECT count(*)::int FROM users WHERE id = $1::uuid) AS users,
       (SELECT count(*)::int FROM sessions WHERE user_id = $1::uuid) AS sessions,
       (SELECT count(*)::int FROM account_links WHERE user_id = $1::uuid) AS links,
       (SELECT count(*)::int FROM two_factor_authenticator WHERE account_id = $1::text) AS factors`,
    [id],
  );
  return row;
}

describe('parallel requests that change one account', () => {
  it('cause no deadlock, and leave the account complete or delete it completely', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { owner, other, challenge, reset, verify, change } = await ownerWithLinks();
      const calls = [
        caller.post('/reset-password', { token: reset.token, newPassword: 'a passphrase by mail' }),
        caller.get(change.path),
        caller.get(verify.path),
        caller.post('/change-password', { currentPassword: PASSWORD, newPassword: 'a passphrase by hand' }, other),
        caller.post('/delete-user', { password: PASSWORD }, owner.token),
        caller.post('/sign-out', {}, other),
        caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, challenge),
        caller.post('/change-email', { newEmail: `again-${owner.email}` }, owner.token),
      ];
      const answers = await Promise.all(calls);
      const statuses = answers.map(({ status }) => status);
      expect({ round, statuses, faults: statuses.filter((status) => status >= 500) }).toMatchObject({ faults: [] });
      const rows = await rowsOf(owner);
      if (rows?.users === 0) expect(rows).toEqual({ users: 0, sessions: 0, factors: 0, links: 0 });
      else expect(rows).toMatchObject({ users: 1, factors: 1 });
    }
  }, 120_000);

  it('let either the reset or the change of address succeed, and invalidate the other link', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { owner, reset, change, next } = await ownerWithLinks();
      await verifyAddress(service, owner.id);
      const [byReset, byChange] = await Promise.all([
        caller.post('/reset-password', { token: reset.token, newPassword: 'a passphrase by mail' }),
        caller.get(change.path),
      ]);
      const won = [byReset.status === 200, byChange.status === 200];
      expect({ round, won: won.filter(Boolean) }).toEqual({ round, won: [true] });
      const [user] = await service.query<{ email: string }>(`SELECT email FROM users WHERE id = $1`, [owner.id]);
      expect(user?.email).toBe(byChange.status === 200 ? next : owner.email);
      expect(await rowsOf(owner)).toMatchObject({ links: 0 });
    }
  }, 120_000);
});
