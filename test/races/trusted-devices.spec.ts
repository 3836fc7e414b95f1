import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TwoFactorService } from '../../src/two-factor/index.js';
import { race } from '../support/barrier.js';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { passSeconds, signIn, trust } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

let service: TestService;
let replica: TestService;
let proxy: StatementProxy;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({
    route: async (databaseUrl) => {
      proxy = await startStatementProxy(databaseUrl);
      return proxy.url;
    },
  });
  replica = await startTestService({ replicaOf: service });
  caller = new Caller(service);
});
afterAll(async () => {
  await replica.close();
  await service.close();
  await proxy.close();
});

const at = (index: number) => (index % 2 ? replica : service);

/**
 * The statement that opens the session of a sign-in by a trusted device. The proxy holds it back on the first service.
 */
const ISSUE = /^WITH owner AS/;
const GATE = /^WITH account AS/;

const sessionsOf = (owner: EnrolledOwner) => service.query('SELECT FROM sessions WHERE user_id = $1', [owner.id]);

const alarmsOf = (owner: EnrolledOwner) =>
  [...service.events, ...replica.events].filter(
    ({ name, accountId }) => name === 'two-factor.device-reused' && accountId === owner.id,
  );

const isLive = async (token: string | undefined) => (await caller.get('/get-session', token)).body !== null;

/** Waits until a statement waits for a lock in the database. */
async function lockAwaited(): Promise<void> {
  for (let n = 0; n < 200; n++) {
    const rows = await service.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  throw new Error('No transaction waits');
}

describe('parallel sign-ins with one device token', () => {
  it('succeed, and one of them gets the next token', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    for (let round = 0, token = device; round < 3; round++) {
      const current = token;
      const answers = await race(8, (index) => signIn(at(index), owner.email, current));
      expect(answers.map(({ body }) => typeof body.token)).toEqual(answers.map(() => 'string'));
      const next = answers.map(({ body }) => body.trustedDeviceToken).filter((one) => one !== undefined);
      expect(next).toHaveLength(1);
      token = next[0] ?? '';
    }
    const devices = await service.query('SELECT FROM two_factor_trusted_device WHERE account_id = $1', [owner.id]);
    expect(devices).toHaveLength(1);
  });

  it('succeed when the second one arrives while the session of the first is being opened', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const issue = proxy.hold(ISSUE);
    const first = signIn(service, owner.email, device);
    await issue.reached;
    const second = signIn(replica, owner.email, device);
    await lockAwaited();
    issue.release();
    const { trustedDeviceToken: next, token } = (await first).body;
    expect([typeof token, typeof next]).toEqual(['string', 'string']);
    const { body } = await second;
    expect([typeof body.token, body.trustedDeviceToken]).toEqual(['string', undefined]);
    expect((await signIn(service, owner.email, next)).body.token).toBeDefined();
  });

  it('raise one alarm when the token was replaced before', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    await signIn(service, owner.email, device);
    await passSeconds(service, owner.id, 61);
    const answers = await race(6, (index) => signIn(at(index), owner.email, device));
    expect(answers.every(({ body }) => body.twoFactorRedirect)).toBe(true);
    expect(alarmsOf(owner)).toHaveLength(1);
  });

  it.each(['old', 'current'])(
    'end in a challenge when another sign-in raises the alarm meanwhile, with the %s token',
    async (which) => {
      const owner = await enrol(service);
      const { device: old } = await trust(service, owner);
      const { trustedDeviceToken: current } = (await signIn(service, owner.email, old)).body;
      await passSeconds(service, owner.id, 61);
      // When the gate statement is reached, the transaction has begun and `now()` is fixed.
      const gate = proxy.hold(GATE);
      const early = signIn(service, owner.email, which === 'old' ? old : current);
      await gate.reached;
      expect((await signIn(replica, owner.email, old)).body.twoFactorRedirect).toBe(true);
      gate.release();
      expect((await early).body.twoFactorRedirect).toBe(true);
      expect(alarmsOf(owner)).toHaveLength(1);
    },
  );

  it('wait for the first of them, and keep the token valid when its session fails', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const issue = proxy.hold(ISSUE);
    const first = signIn(service, owner.email, device);
    await issue.reached;
    const second = signIn(replica, owner.email, device);
    await lockAwaited();
    await service.query('UPDATE users SET password_version = password_version + 1 WHERE id = $1', [owner.id]);
    issue.release();
    expect((await first).status).toBe(401);
    const { body } = await second;
    // A second sign-in that read the older password version fails as well. Either way the token must not be replaced
    // twice.
    const [row] = await service.query<{ rotated: number }>(
      'SELECT cardinality(rotated_hashes) AS rotated FROM two_factor_trusted_device WHERE account_id = $1',
      [owner.id],
    );
    expect(row?.rotated).toBe(body.token ? 1 : 0);
    expect((await signIn(service, owner.email, body.trustedDeviceToken ?? device)).body.token).toBeDefined();
  });
});

describe('a sign-in by a trusted device', () => {
  it('is challenged when the device is revoked before its token is evaluated', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const before = await sessionsOf(owner);
    const gate = proxy.hold(GATE);
    const answer = signIn(service, owner.email, device);
    await gate.reached;
    expect((await new Caller(replica).delete('/two-factor/trusted-devices', owner.token)).status).toBe(200);
    gate.release();
    expect((await answer).body.twoFactorRedirect).toBe(true);
    expect(await sessionsOf(owner)).toHaveLength(before.length);
  });

  it('is completed before a revocation that waits for it', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const issue = proxy.hold(ISSUE);
    const answer = signIn(service, owner.email, device);
    await issue.reached;
    let revoked = false;
    const revoking = new Caller(replica)
      .delete('/two-factor/trusted-devices', owner.token)
      .then(() => (revoked = true));
    await lockAwaited();
    expect(revoked).toBe(false);
    issue.release();
    const { body } = await answer;
    await revoking;
    expect(await isLive(body.token)).toBe(true);
    expect((await signIn(service, owner.email, body.trustedDeviceToken)).body.twoFactorRedirect).toBe(true);
  });

  it.each<readonly [string, (owner: EnrolledOwner) => Promise<unknown>]>([
    [
      'the password was changed',
      ({ token }) =>
        new Caller(replica).post(
          '/change-password',
          { currentPassword: PASSWORD, newPassword: 'an even better passphrase' },
          token,
        ),
    ],
    [
      'two-factor was switched off',
      ({ token }) => new Caller(replica).post('/two-factor/disable', { password: PASSWORD }, token),
    ],
    ['an operator’s reset', ({ id }) => replica.app.get(TwoFactorService).reset(id)],
    [
      'the authenticator was replaced',
      async ({ token }) => {
        const there = new Caller(replica);
        const staged = await there.post('/two-factor/enable', { password: PASSWORD }, token);
        const code = new AuthenticatorApp(staged.body.totpURI, service).code();
        return there.post('/two-factor/verify-totp', { code }, token);
      },
    ],
  ])('opens no session that outlives a parallel change: %s', async (_, act) => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const issue = proxy.hold(ISSUE);
    const answer = signIn(service, owner.email, device);
    await issue.reached;
    const acting = act(owner);
    await lockAwaited();
    issue.release();
    const [{ status, body }] = await Promise.all([answer, acting]);
    expect(status === 200 && (await isLive(body.token))).toBe(false);
    const left = await service.query('SELECT FROM two_factor_trusted_device WHERE account_id = $1', [owner.id]);
    expect(left).toEqual([]);
  });
});

describe('a device that is being trusted', () => {
  it('loses the trust to a disable that waits for it', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const issue = proxy.hold(ISSUE);
    const code = owner.app.nextCode();
    const verifying = caller.post('/two-factor/verify-totp', { code, trustDevice: true }, challenge);
    await issue.reached;
    const disabling = new Caller(replica).post('/two-factor/disable', { password: PASSWORD }, owner.token);
    await lockAwaited();
    issue.release();
    expect((await verifying).status).toBe(200);
    expect((await disabling).status).toBe(200);
    const left = await service.query('SELECT FROM two_factor_trusted_device WHERE account_id = $1', [owner.id]);
    expect(left).toEqual([]);
    expect(await isLive((await verifying).body.token)).toBe(false);
  });
});

describe('the guess budget of a device', () => {
  it('evaluates ten of 40 parallel wrong codes, and leaves the account’s budget unchanged', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { token } = (await signIn(service, owner.email, device)).body;
    const answers = await race(40, (index) =>
      new Caller(at(index)).post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, token),
    );
    expect(answers.filter(({ body }) => body.code === 'INVALID_CODE')).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
    const scopes = await service.query<{ failures: number }>(
      'SELECT failures FROM two_factor_attempts WHERE account_id = $1 ORDER BY scope',
      [owner.id],
    );
    expect(scopes.map(({ failures }) => failures)).toEqual([0, 10]);
  });

  it.each(Array.from({ length: 12 }, (_, round) => round))(
    'causes no deadlock with other parallel requests (round %d)',
    async () => {
      const owner = await enrol(service);
      const devices = [await trust(service, owner), await trust(service, owner), await trust(service, owner)];
      const weak = await Promise.all(devices.map(({ device }) => signIn(service, owner.email, device)));
      const code = owner.app.nextCode();
      const answers = await race(30, async (index) => {
        const { token, trustedDeviceToken } = weak[index % 3]?.body ?? { token: '', trustedDeviceToken: '' };
        const there = new Caller(at(index));
        const headers = { 'x-trusted-device': trustedDeviceToken };
        switch (index % 6) {
          case 0:
            return there.post('/two-factor/verify-totp', { code, trustDevice: true }, token, headers);
          case 1:
            return signIn(at(index), owner.email, trustedDeviceToken);
          case 2:
            return there.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, token);
          case 3:
            return there.delete('/two-factor/trusted-devices', owner.token);
          case 4:
            return there.post('/two-factor/generate-backup-codes', { password: PASSWORD }, owner.token);
          default:
            return there.post('/two-factor/verify-totp', { code, trustDevice: true }, owner.token, headers);
        }
      });
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    },
  );
});
